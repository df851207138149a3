// What the staff decides: the actions of this agent, accepted, edited or rejected.
"use strict";

const titles = new Map(); // by item
const shown = new Map(); // tiles by action, so that what somebody types stays

async function title(id) {
  if (!titles.has(id)) {
    try { titles.set(id, (await call("GET", `/v1/items/${encodeURIComponent(id)}`)).title); } catch { titles.set(id, id); }
  }
  return titles.get(id);
}

async function list(which) {
  return (await call("GET", `/v1/actions?function=stock_room&${which}`)).actions;
}

async function refresh() {
  try {
    const [open, last] = await Promise.all([
      list("state=proposed&count=50"), // the longest waiting
      list("state=done,rejected,sent,approved,edited,failed,expired&order=changed&count=10"),
    ]);
    for (const a of [...open, ...last]) await title(a.itemId);
    $("jobs").replaceChildren(...open.map(job));
    $("none").hidden = open.length > 0;
    $("over").replaceChildren(...last.map(done));
    for (const id of shown.keys()) if (!open.some(a => a.id === id)) shown.delete(id);
  } catch (error) {
    say(`The agent does not answer: ${error.message}.`);
  }
}

function job(a) {
  if (shown.has(a.id)) return shown.get(a.id);
  const li = make("li", "job"), text = make("div"), buttons = make("div", "buttons");
  text.append(make("h2", "", titles.get(a.itemId)), make("p", "", `${a.kind}, asked for at ${clock(a.createdAt, true)}, until ${clock(a.dueAt, true)}${a.price ? `, ${money(a.price)}` : ""}`));
  const quantity = make("input");
  Object.assign(quantity, { type: "number", min: 1, max: 1000, value: a.quantity });
  quantity.setAttribute("aria-label", "How many");
  const yes = make("button", "yes", "Accept"), no = make("button", "quiet no", "Reject");
  yes.addEventListener("click", () => decide(a, +quantity.value === a.quantity ? "accept" : "edit", { quantity: +quantity.value }));
  no.addEventListener("click", () => decide(a, "reject", {}));
  buttons.append(quantity, yes, no);
  li.append(text, buttons);
  shown.set(a.id, li);
  return li;
}

function done(a) {
  const li = make("li", "job over"), text = make("div");
  text.append(make("h2", "", titles.get(a.itemId)), make("p", "", `${a.state} at ${clock(a.changedAt, true)}${a.by ? ` by ${a.by}` : ""}${a.why ? ` (${a.why})` : ""}, quantity ${a.quantity}`));
  li.append(text);
  return li;
}

async function decide(a, what, more) {
  try {
    await call("POST", `/v1/actions/${a.id}/${what}`, { by: "staff-page", ...(what === "edit" ? more : {}) });
    say({ accept: "Accepted.", edit: "Accepted, with another quantity.", reject: "Rejected." }[what]);
  } catch (error) {
    say(`That was not taken: ${error.message}.`);
  }
  await refresh();
}

call("GET", "/v1/status").then(s => { $("site").textContent = s.site; document.title = `Stock room ${s.site}`; }, () => {});
refresh();
setInterval(refresh, 2000);
