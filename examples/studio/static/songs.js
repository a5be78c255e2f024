// The list: an element for each song, changed in place so that the focus stays where it is.
// Whatever comes from outside (titles, lyrics, reasons) is set as text.

import { clock, onChange, play, sounding } from "./player.js";

const list = document.getElementById("songs");
const template = document.getElementById("song");
const shown = new Map();
let usual = {};
let ahead = 0;
let stopped = false;

const STAGES = {
  waiting: "Waiting for its turn",
  sending: "Being sent",
  making: "Being made",
  fetching: "Being fetched",
  made: "Made, and not fetched",
  failed: "It failed",
  withdrawn: "Withdrawn",
  unknown: "Nobody knows whether it was accepted",
  lost: "Its record is gone",
  over: "Ended",
};
const MADE_FROM = {
  extend: "Extended from",
  cover: "Cover of",
  variation: "Variation of",
  stems: "Stems of",
};
const RUNNING = new Set(["waiting", "sending", "making", "fetching"]);
const TROUBLED = new Set(["made", "failed", "withdrawn", "unknown", "lost", "over"]);
const AGAIN = { made: "Fetch it again", failed: "Try again", withdrawn: "Order it again" };

const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** Take in the studio's clock, how long songs usually take, and whether any are sent. */
export function setPace(status) {
  usual = status.usual;
  ahead = status.now - Date.now() / 1000;
  stopped = status.stop !== null;
  shown.forEach(tick);
}

const now = () => Date.now() / 1000 + ahead;

export const isEmpty = () => shown.size === 0;
export const count = () => shown.size;
export const lastKey = () => list.lastElementChild?.dataset.key;

/**
 * Show a song as it is now. Returns what is to be said of it to those who do not see, or null.
 * What is older than what is shown is passed over.
 */
export function show(song, handlers) {
  let kept = shown.get(song.key);
  if (kept && kept.song.revision > song.revision) return null;
  const before = kept?.song.stage;
  if (!kept) {
    const element = template.content.firstElementChild.cloneNode(true);
    element.dataset.key = song.key;
    kept = { element, song };
    shown.set(song.key, kept);
    wire(kept, handlers);
    const isOlder = (other) => shown.get(other.dataset.key)?.song.place < song.place;
    list.insertBefore(element, [...list.children].find(isOlder) ?? null);
  }
  kept.song = song;
  if (before !== song.stage && !RUNNING.has(song.stage)) kept.told = "";
  draw(kept);
  if (before === undefined || before === song.stage) return null;
  if (song.stage === "ready") return `“${song.title}” is ready.`;
  return TROUBLED.has(song.stage) ? `“${song.title}”: ${STAGES[song.stage]}.` : null;
}

/** Take in how far a song is. */
export function showProgress({ key, progress }) {
  const kept = shown.get(key);
  if (!kept) return;
  kept.song.progress = progress;
  tick(kept);
}

/** Say something of a song that is no part of it, such as what did not work. */
export function tell(key, words) {
  const kept = shown.get(key);
  if (!kept) return;
  kept.told = words;
  drawTold(kept);
}

function drawTold({ element, told }) {
  element.querySelector(".told").hidden = !told;
  element.querySelector(".told").textContent = told || "";
}

/** Bring a song into view. */
export const reveal = (key) => {
  shown.get(key)?.element.scrollIntoView({ block: "nearest" });
};

function wire(kept, { follow, again, fetch: fetchAgain, withdraw }) {
  const { element } = kept;
  const part = (name) => element.querySelector(name);
  part(".play").addEventListener("click", (event) => play(kept.song, event.currentTarget));
  for (const button of element.querySelectorAll("[data-follow]")) {
    button.addEventListener("click", () => follow(kept.song, button.dataset.follow));
  }
  part(".again").addEventListener("click", (event) => {
    const act = kept.song.stage === "made" ? fetchAgain : again;
    act(kept.song, event.currentTarget);
  });
  part(".withdraw").addEventListener("click", async (event) => {
    const had = document.activeElement === event.currentTarget;
    await withdraw(kept.song, event.currentTarget);
    if (had && kept.song.stage === "withdrawn") part(".again").focus();
  });
  part(".copy").addEventListener("click", async (event) => {
    await navigator.clipboard.writeText(kept.song.command);
    event.target.textContent = "Copied";
  });
  const picture = part(".cover img");
  picture.addEventListener("load", () => picture.classList.add("there"));
  picture.addEventListener("error", () => picture.classList.remove("there"));
}

function draw(kept) {
  const { element, song } = kept;
  const part = (name) => element.querySelector(name);
  const named = (button, verb) => button.setAttribute("aria-label", `${verb} ${song.title}`);
  element.dataset.stage = song.stage;
  element.dataset.action = song.action;
  element.style.setProperty("--hue", 250 + (parseInt(song.key.slice(0, 4), 16) % 140));
  const number = `s-${song.key}`;
  part(".title").id = number;
  part(".title").textContent = song.title;
  part("article").setAttribute("aria-labelledby", number);
  part(".play").hidden = !song.audio;
  const picture = part(".cover img");
  if (song.cover && picture.getAttribute("src") !== song.cover) picture.src = song.cover;

  part(".asked").hidden = !song.prompt || song.prompt === song.title;
  part(".asked").textContent = song.prompt || "";

  part(".trouble").hidden = !(TROUBLED.has(song.stage) || song.reason);
  part(".reason").textContent = song.reason || "";
  part(".advice").textContent = song.advice || "";
  part(".detail").hidden = !song.detail;
  part(".detail p").textContent = song.detail || "";
  part(".command").hidden = !song.command;
  part(".command code").textContent = song.command || "";
  const again = part(".again");
  again.closest(".line").hidden = !(song.stage in AGAIN);
  again.textContent = AGAIN[song.stage] || "";
  part(".cost").hidden = song.stage === "made";
  named(part(".copy"), "Copy the command for");
  named(again, again.textContent + ":");
  named(part(".withdraw"), "Withdraw");
  drawTold(kept);

  const words = song.lyric && song.lyric !== "[Instrumental]" && song.action !== "stems";
  part(".words").hidden = !words;
  part(".words p").textContent = words ? song.lyric : "";

  part(".actions").hidden = !song.download;
  const link = part(".download");
  if (song.download) link.href = song.download;
  named(link, "Download");
  for (const button of element.querySelectorAll("[data-follow]")) {
    button.hidden = !song.audio_id;
    named(button, button.textContent + ":");
  }
  part(".bar").setAttribute("aria-label", `Progress of ${song.title}`);
  tick(kept);
  drawPlaying(kept, sounding());
}

/** Show what changes with time. */
function tick({ element, song }) {
  const part = (name) => element.querySelector(name);
  const facts = [];
  if (song.origin) facts.push(`${MADE_FROM[song.action] || "From"} ${song.origin.title}`);
  if (song.duration) facts.push(clock(song.duration));
  if (song.model && song.action !== "stems") facts.push(song.model.replaceAll("-", "\u2011"));
  if (song.asked_at) facts.push(ago(now() - song.asked_at));
  part(".meta").textContent = facts.join(" · ");

  const running = RUNNING.has(song.stage);
  part(".state").hidden = !(running || TROUBLED.has(song.stage));
  part(".bar").hidden = !running;
  part(".withdraw").hidden = song.stage !== "waiting";
  const held = song.stage === "waiting" && (stopped || Boolean(song.reason));
  let text = held ? "Held back" : STAGES[song.stage] || "";
  let share = null;
  if (song.stage === "making" && song.begun_at) {
    const seconds = Math.max(0, now() - song.begun_at);
    const typical = usual[song.action];
    text += ` for ${Math.round(seconds)}\u00a0s`;
    if (typical) text += `, usually about ${Math.max(1, Math.round(typical))}\u00a0s`;
    // Slower and slower towards the end that nobody knows.
    if (song.progress !== null) share = song.progress;
    else if (typical) share = Math.min(0.96, 1 - Math.exp(-1.8 * (seconds / typical)));
  }
  if (song.stage === "fetching") share = 1;
  setText(part(".stage"), text);
  const bar = part(".bar");
  bar.classList.toggle("still", held);
  bar.classList.toggle("vague", running && !held && share === null);
  if (share === null) {
    bar.removeAttribute("aria-valuenow");
  } else {
    bar.setAttribute("aria-valuenow", Math.round(share * 100));
    bar.style.setProperty("--share", share);
  }
  bar.setAttribute("aria-valuetext", text);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function ago(seconds) {
  if (seconds < 45) return "just now";
  if (seconds < 3600) return relative.format(-Math.round(seconds / 60), "minute");
  if (seconds < 86400) return relative.format(-Math.round(seconds / 3600), "hour");
  return relative.format(-Math.round(seconds / 86400), "day");
}

function drawPlaying({ element, song }, key) {
  const button = element.querySelector(".play");
  const sounds = key === song.key;
  element.classList.toggle("sounding", sounds);
  button.setAttribute("aria-label", `${sounds ? "Pause" : "Play"} ${song.title}`);
  button.querySelector("use").setAttribute("href", sounds ? "#i-pause" : "#i-play");
}

onChange((key) => shown.forEach((kept) => drawPlaying(kept, key)));
setInterval(() => {
  shown.forEach((kept) => RUNNING.has(kept.song.stage) && tick(kept));
}, 500);
setInterval(() => shown.forEach(tick), 30_000);
