// What the pages have in common: calls of the agent, and small parts of a page.
"use strict";

const $ = id => document.getElementById(id);

async function call(method, path, body) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(answer?.detail || answer?.title || `the agent answered ${response.status}`);
  return answer;
}

function clock(at, precise) {
  return new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", second: precise ? "2-digit" : undefined, hourCycle: "h23" });
}

function money(m) {
  const format = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: m.currency });
  return format.format(m.amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

let quiet;

function say(text) {
  $("message").textContent = text;
  clearTimeout(quiet);
  quiet = setTimeout(() => { $("message").textContent = ""; }, 6000);
}

function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}
