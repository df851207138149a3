// The kiosk: one page, one agent, the same origin. Everything it does goes
// through the agent's API, so it works while the hub is away.
"use strict";

// What is on the screen. A session is one customer; without a card they are
// nobody in particular.
const state = { card: "", session: crypto.randomUUID(), event: "", site: "shop", fetches: false };
const goods = new Map();

// What the shop gives as reasons comes in this language where it has words for it:
// that of the address, as /kiosk?language=de, or those the browser prefers.
const language = new URLSearchParams(location.search).get("language") || navigator.languages.join(", ");

// The page's own words are in the first of these that it has, else in English.
document.documentElement.lang = found(language.split(",").map(range => range.split(";")[0]));
const w = words[document.documentElement.lang];
for (const e of document.querySelectorAll("[data-word]")) e.textContent = w[e.dataset.word];
for (const e of document.querySelectorAll("[data-label]")) e.setAttribute("aria-label", w[e.dataset.label]);
for (const e of document.querySelectorAll("[data-placeholder]")) e.placeholder = w[e.dataset.placeholder];

async function item(id) {
  if (!goods.has(id)) goods.set(id, await call("GET", `/v1/items/${encodeURIComponent(id)}`));
  return goods.get(id);
}

// A newer look at the shelf makes the answers of an older one worthless.
let look = 0;

async function refresh() {
  const mine = ++look;
  $("shelf").setAttribute("aria-busy", "true");
  try {
    const answer = await call("POST", "/v1/decide", {
      slot: "home_hero", count: 6, explain: true, language, sessionId: state.session,
      ...(state.card && { profileId: state.card }),
      context: { weather: $("weather").value, daypart: $("daypart").value },
    });
    const details = await Promise.all(answer.items.map(i => item(i.id)));
    if (mine !== look) return;
    state.event = answer.eventId;
    $("shelf").replaceChildren(...answer.items.map((shown, i) => tile(shown, details[i], answer.language)));
    explain(answer);
    $("generated").textContent = details.some(d => d.attributes?.generated) ? w.generated : "";
  } catch (error) {
    if (mine === look) say(w.unfilled(error.message));
  } finally {
    if (mine === look) $("shelf").setAttribute("aria-busy", "false");
  }
}

function tile(shown, about, language) {
  const li = make("li", "item");
  const art = make("button", `art ${kind(about.category)}`);
  art.type = "button";
  art.setAttribute("aria-label", w.look(about.title));
  art.innerHTML = picture(kind(about.category));
  art.addEventListener("click", () => tell(shown, "click", w.looking(about.title)));
  const take = make("button", "take", w.take);
  take.addEventListener("click", () => buy(shown, about, take));
  const fetched = make("button", "quiet fetch", w.fetch);
  fetched.addEventListener("click", () => pickup(shown, about, fetched));
  const text = make("div", "text"), buttons = make("div", "buttons");
  buttons.append(take, ...(state.fetches ? [fetched] : []));
  text.append(make("h2", "", about.title), make("p", "brand", about.brand || "\u00a0"), ...reasons(shown, language), price(shown, about), ...personal(shown, language), stock(shown), buttons);
  li.append(art, text);
  return li;
}

function price(shown, about) {
  const p = make("p", "price", money(shown.price));
  if (about.price && about.price.amount > shown.price.amount) {
    p.classList.add("off");
    p.append(make("s", "", money({ currency: shown.price.currency, ...about.price })));
  }
  return p;
}

function stock(shown) {
  const n = shown.availability?.onHand;
  if (n === undefined) return make("p", "stock", "");
  return n < 5 ? make("p", "stock few", w.few(n)) : make("p", "stock", w.many(n));
}

function reasons(shown, language) {
  const good = (shown.reasons || []).filter(r => r.text && !["order", "price"].includes(r.feature) && r.contribution >= 0);
  const best = good.find(r => r.feature !== "offer") || good[0]; // that it is on offer, the price says
  return best ? [spoken(best.text, language)] : [];
}

// A price that was made for this customer says so before they buy, as the law asks.
function personal(shown, language) {
  if (!shown.price?.personalised) return [];
  const reason = (shown.reasons || []).find(r => r.feature === "price");
  return [reason ? spoken(reason.text, language) : spoken(w.personalPrice, document.documentElement.lang)];
}

function spoken(text, language) {
  const p = make("p", "reason", text);
  p.lang = language;
  return p;
}

// explain says whether this is about the customer, and if not, why not.
function explain(answer) {
  const mine = answer.personalised;
  $("title").textContent = mine ? w.picked : w.today;
  let why = mine ? w.because(answer.basis.purposesUsed.map(p => w[p] || p.replaceAll("_", " ")).join(", ")) : state.card ? because(answer) : w.noCardShown;
  if (answer.degraded === "baseline") why += ` ${w.noModel}`;
  if (answer.holdback) why += ` ${w.onPurpose}`;
  else if (!answer.items.length) why += ` ${w.nothing}`;
  $("why").replaceChildren(make("b", "", mine ? w.personalised : w.notPersonalised), ` ${why}`);
  const release = answer.versions?.release;
  const arms = (answer.experiments || []).map(e => w.arm(e.arm)).join("");
  $("versions").textContent = release ? w.release(release, age(answer.age?.modelSeconds), arms) : w.noRelease;
}

function because(answer) {
  const withheld = answer.basis?.withheld || [];
  if (!withheld.length && answer.experiments?.length) return w.experiment;
  return w[withheld[0]?.why] || w.unknown;
}

function age(seconds) {
  if (seconds === undefined || seconds === null) return w.ageUnknown;
  if (seconds < 120) return w.seconds(Math.round(seconds));
  return seconds < 7200 ? w.minutes(Math.round(seconds / 60)) : w.hours(Math.round(seconds / 3600));
}

function outcome(shown, type) {
  return { id: crypto.randomUUID(), eventId: state.event, itemId: shown.id, type, quantity: 1, at: new Date().toISOString() };
}

async function tell(shown, type, done) {
  try {
    await call("POST", "/v1/outcomes", [outcome(shown, type)]);
    say(done);
  } catch (error) {
    say(w.untold(error.message));
  }
}

async function buy(shown, about, button) {
  button.disabled = true;
  await tell(shown, "purchase", w.taken(about.title));
  await refresh();
}

// pickup asks for one thing: the answer keeps it and its price for some minutes, and
// calls the stock room.
async function pickup(shown, about, button) {
  button.disabled = true;
  try {
    const answer = await call("POST", "/v1/decide", { slot: "pickup", sessionId: state.session, actions: [{ id: shown.id }] });
    const kept = answer.items[0];
    if (!kept) throw new Error(w.noneLeft);
    say(w.kept(about.title, money(kept.price), kept.price?.quoteUntil ? clock(kept.price.quoteUntil) : ""));
  } catch (error) {
    button.disabled = false;
    say(w.cannot(error.message));
  }
}

// Consent: what stands there to be answered is kept as evidence with the answer.
const asked = ["device_storage", "profile_building", "personalised_offers", "measurement", "model_training"];

async function answer(purposes) {
  const text = $($("consent-text").hidden ? "consent-line" : "consent-text").textContent;
  try {
    await call("PUT", `/v1/profiles/${encodeURIComponent(state.card)}/consent`, {
      purposes,
      evidence: { text: await digest(text), place: `kiosk ${state.site}`, at: new Date().toISOString() },
    });
    say(purposes.length ? w.thanks : w.forgotten);
  } catch (error) {
    say(w.unrecorded(error.message));
  }
  await consent();
  await refresh();
}

async function digest(text) {
  const sum = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(sum), b => b.toString(16).padStart(2, "0")).join("");
}

async function consent() {
  $("consent-ask").hidden = !state.card;
  if (!state.card) {
    $("consent-line").textContent = w.nobody;
    return;
  }
  let granted = [];
  try {
    granted = (await call("GET", `/v1/profiles/${encodeURIComponent(state.card)}/consent`))?.purposes || [];
  } catch { /* a card that nobody has seen here has granted nothing */ }
  const yes = granted.includes("personalised_offers");
  $("consent-line").textContent = yes ? w.allowed : w.notAllowed;
  $("consent-text").hidden = $("yes").hidden = yes; // who allows it is asked nothing
  $("no").hidden = !granted.length;
}

async function customer(card) {
  state.card = card;
  state.session = crypto.randomUUID();
  $("card").value = card;
  $("greeting").textContent = card ? w.goodToSee : w.welcome;
  say("");
  await consent();
  await refresh();
}

async function status() {
  const dot = document.querySelector("#hub .dot");
  try {
    const s = await call("GET", "/v1/status");
    state.site = s.site;
    const fetches = (s.release?.slots || []).includes("pickup");
    if (fetches !== state.fetches) {
      state.fetches = fetches;
      refresh();
    }
    $("site").textContent = s.site;
    document.title = `${w.kiosk} ${s.site}`;
    dot.className = s.hub.connected ? "dot on" : "dot off";
    $("hub-text").textContent = s.hub.connected ? w.connected : w.alone(since(s.hub.stateSince));
  } catch {
    dot.className = "dot off";
    $("hub-text").textContent = w.silent;
  }
}

function since(at) {
  return at && !isNaN(new Date(at)) ? clock(at) : "";
}

// Pictures are drawn, so that a kiosk needs no other host.
function kind(category) {
  const first = String(category || "").split("/")[0];
  return ["fresh", "drinks", "food", "home", "care"].includes(first) ? first : "other";
}

function picture(name) {
  const paths = {
    fresh: '<path d="M80 36c-9-8-28-4-28 14 0 16 14 28 28 24 14 4 28-8 28-24 0-18-19-22-28-14z"/><path d="M80 36c0-8 4-13 12-15" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>',
    drinks: '<path d="M58 24h44l-5 50H63z"/><path d="M84 24l6-14h12" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>',
    food: '<path d="M48 44h64c0 18-12 30-32 30S48 62 48 44z"/><path d="M64 34c-4-5 4-8 0-14M80 34c-4-5 4-8 0-14M96 34c-4-5 4-8 0-14" fill="none" stroke="currentColor" stroke-width="4" stroke-linecap="round"/>',
    home: '<path d="M80 14L46 44h9v30h50V44h9z"/>',
    care: '<path d="M80 14c14 18 22 28 22 40a22 22 0 0 1-44 0c0-12 8-22 22-40z"/>',
    other: '<path d="M52 30l28-12 28 12v32L80 74 52 62z"/>',
  };
  return `<svg viewBox="0 0 160 90" aria-hidden="true"><g fill="currentColor" opacity=".9">${paths[name]}</g></svg>`;
}

$("card-form").addEventListener("submit", e => { e.preventDefault(); customer($("card").value.trim()); });
$("next").addEventListener("click", () => customer(""));
$("yes").addEventListener("click", () => answer(asked));
$("no").addEventListener("click", () => answer([]));
$("around").addEventListener("change", refresh);

status();
setInterval(status, 5000);
customer(new URLSearchParams(location.search).get("card") || "");
