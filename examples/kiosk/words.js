// What the kiosk says in its own words, in each language it has. What the shop says of
// its goods and reasons comes from the agent.
"use strict";

const words = {
  en: {
    welcome: "Welcome", goodToSee: "Good to see you", around: "What this kiosk knows of the day", weather: "Weather", time: "Time",
    sun: "sun", cloud: "cloud", rain: "rain", cold: "cold",
    morning: "morning", noon: "noon", afternoon: "afternoon", evening: "evening", night: "night",
    card: "Your card", noCard: "none shown", showIt: "Show it", next: "Next customer",
    ask: "May this shop choose offers by what it knows from your card, remember what you are shown, and learn from it? You can take it back here at any time.",
    yes: "Yes, for me", no: "Take my yes back",
    nobody: "Nobody is recognised without a card.", allowed: "You allow offers that are chosen for you. You can take it back here at any time.",
    notAllowed: "You have not allowed offers that are chosen for you.",
    thanks: "Thank you. It counts from now on.", forgotten: "It is forgotten, from now on.", unrecorded: why => `Your answer was not recorded: ${why}.`,
    today: "Today’s offers", picked: "Picked for you", personalised: "Personalised.", notPersonalised: "Not personalised:",
    because: purposes => `You allowed it: ${purposes}.`, noCardShown: "no card was shown.",
    noModel: "No model is running; this is the shop’s own order.", onPurpose: "Nothing is shown on purpose.", nothing: "There is nothing to show now.",
    experiment: "this was the turn of a part of the experiment that looks at nobody.",
    not_granted: "you have not allowed it.", stale: "your answer is too old to rely on.", objection: "you objected to it.",
    signal: "your device asks not to.", unparsable: "your answer could not be read.", unknown: "nothing is known of this card here.",
    device_storage: "device storage", profile_building: "profile building", personalised_offers: "personalised offers",
    personalised_content: "personalised content", measurement: "measurement", model_training: "model training", audience_statistics: "audience statistics", cross_channel: "cross-channel",
    look: title => `Look at ${title}`, looking: title => `Have a look: ${title}.`, take: "Take it", taken: title => `${title} is yours.`,
    fetch: "Have it fetched", kept: (title, price, until) => `${title} is kept for you at ${price}${until && ` until ${until}`}. The staff is asked to fetch it.`,
    cannot: why => `It can’t be fetched: ${why}.`, noneLeft: "none is left", few: n => `Only ${n} left`, many: n => `${n} on the shelf`,
    personalPrice: "a personal price", unfilled: why => `The shelf could not be filled: ${why}.`, untold: why => `That was not recorded: ${why}.`,
    generated: "Stock, cost and consent are generated.", release: (n, age, arms) => `Release ${n}, model ${age}${arms}`, arm: name => `, arm ${name}`, noRelease: "No release yet",
    ageUnknown: "of unknown age", seconds: n => `${n} s old`, minutes: n => `${n} min old`, hours: n => `${n} h old`,
    kiosk: "Kiosk", connected: "Connected to the hub", alone: since => `Working without the hub${since && ` since ${since}`}`,
    silent: "The agent does not answer; trying again",
  },
  de: {
    welcome: "Willkommen", goodToSee: "Schön, dass Sie da sind", around: "Was dieser Kiosk vom Tag weiß", weather: "Wetter", time: "Zeit",
    sun: "Sonne", cloud: "Wolken", rain: "Regen", cold: "Kälte",
    morning: "Morgen", noon: "Mittag", afternoon: "Nachmittag", evening: "Abend", night: "Nacht",
    card: "Ihre Karte", noCard: "keine gezeigt", showIt: "Zeigen", next: "Nächster Kunde",
    ask: "Darf dieses Geschäft Angebote nach dem aussuchen, was es von Ihrer Karte weiß, sich merken, was Ihnen gezeigt wird, und daraus lernen? Sie können das hier jederzeit zurücknehmen.",
    yes: "Ja, für mich", no: "Mein Ja zurücknehmen",
    nobody: "Ohne Karte wird niemand erkannt.", allowed: "Sie erlauben Angebote, die für Sie ausgesucht sind. Sie können das hier jederzeit zurücknehmen.",
    notAllowed: "Sie haben Angebote, die für Sie ausgesucht sind, nicht erlaubt.",
    thanks: "Danke. Es gilt von jetzt an.", forgotten: "Es ist von jetzt an vergessen.", unrecorded: why => `Ihre Antwort wurde nicht festgehalten: ${why}.`,
    today: "Angebote von heute", picked: "Für Sie ausgesucht", personalised: "Persönlich.", notPersonalised: "Nicht persönlich:",
    because: purposes => `Sie haben es erlaubt: ${purposes}.`, noCardShown: "es wurde keine Karte gezeigt.",
    noModel: "Kein Modell läuft; das ist die Reihenfolge des Geschäfts.", onPurpose: "Mit Absicht wird nichts gezeigt.", nothing: "Jetzt gibt es nichts zu zeigen.",
    experiment: "an der Reihe war ein Teil des Versuchs, der auf niemanden achtet.",
    not_granted: "Sie haben es nicht erlaubt.", stale: "Ihre Antwort ist zu alt, um sich darauf zu verlassen.", objection: "Sie haben widersprochen.",
    signal: "Ihr Gerät bittet, es zu lassen.", unparsable: "Ihre Antwort war nicht zu lesen.", unknown: "von dieser Karte ist hier nichts bekannt.",
    device_storage: "auf dem Gerät speichern", profile_building: "Profil bilden", personalised_offers: "persönliche Angebote",
    personalised_content: "persönliche Inhalte", measurement: "messen", model_training: "Modelle lernen lassen", audience_statistics: "Statistik", cross_channel: "über Kanäle hinweg",
    look: title => `${title} ansehen`, looking: title => `Sehen Sie nur: ${title}.`, take: "Mitnehmen", taken: title => `${title} gehört Ihnen.`,
    fetch: "Holen lassen", kept: (title, price, until) => `${title} ist für ${price} für Sie zurückgelegt${until && ` bis ${until}`}. Das Personal wird gebeten, es zu holen.`,
    cannot: why => `Es kann nicht geholt werden: ${why}.`, noneLeft: "es ist keines mehr da", few: n => `Nur noch ${n} da`, many: n => `${n} im Regal`,
    personalPrice: "ein persönlicher Preis", unfilled: why => `Das Regal war nicht zu füllen: ${why}.`, untold: why => `Das wurde nicht festgehalten: ${why}.`,
    generated: "Bestand, Kosten und Einwilligung sind erzeugt.", release: (n, age, arms) => `Release ${n}, Modell ${age}${arms}`, arm: name => `, Arm ${name}`, noRelease: "Noch kein Release",
    ageUnknown: "von unbekanntem Alter", seconds: n => `${n} s alt`, minutes: n => `${n} min alt`, hours: n => `${n} h alt`,
    kiosk: "Kiosk", connected: "Mit der Zentrale verbunden", alone: since => `Arbeitet ohne die Zentrale${since && ` seit ${since}`}`,
    silent: "Der Agent antwortet nicht; es wird wieder versucht",
  },
};

// found is the first of some language ranges that there are words for, by the lookup of
// RFC 4647: de-AT, then de.
function found(ranges) {
  for (let range of ranges) {
    for (range = range.trim().toLowerCase(); range; range = range.split("-").slice(0, -1).join("-")) {
      if (Object.hasOwn(words, range)) return range;
    }
  }
  return "en";
}
