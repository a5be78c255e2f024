// The page: what is shown comes from the studio, first as a list, then as news of it.

import { openFollow, startComposer, startFollow, suggest } from "./forms.js";
import { ask, follow, newKey } from "./net.js";
import { count, isEmpty, lastKey, reveal, setPace, show, showProgress, tell } from "./songs.js";

const byId = (name) => document.getElementById(name);
const PART = 30;
let loaded = false;

const handlers = {
  follow: openFollow,
  async again(song, button) {
    await once(song, button, async () => {
      button.key ??= newKey();
      ordered(await ask("POST", `api/songs/${song.key}/again`, { key: button.key }));
      button.key = null;
    });
  },
  async fetch(song, button) {
    await once(song, button, async () => take(await ask("POST", `api/songs/${song.key}/fetch`)));
  },
  async withdraw(song, button) {
    await once(song, button, async () => take(await ask("POST", `api/songs/${song.key}/withdraw`)));
  },
};

/** Do something for a song's button, once at a time; what goes wrong is said. */
async function once(song, button, act) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  tell(song.key, "");
  try {
    await act();
  } catch (error) {
    say(error.message);
    tell(song.key, error.message);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

function say(words) {
  byId("live").textContent = words;
}

function take(song) {
  const words = show(song, handlers);
  if (words) say(words);
  byId("empty").hidden = !isEmpty();
}

function ordered(song) {
  take(song);
  say(`“${song.title}” is ordered.`);
  reveal(song.key);
}

function takeStatus(status) {
  setPace(status);
  byId("sandbox").hidden = !status.sandbox;
  const paid = songs(status.spent) + (status.sandbox ? ", pretended" : " paid for");
  byId("figures").textContent = status.budget ? `${paid}, of ${status.budget} at most` : paid;
  byId("jump").hidden = status.ordered === 0;
  byId("jump").textContent = `Songs (${status.ordered})`;
  takeStop(status);
  byId("paused").hidden = !status.paused;
  byId("paused").textContent = status.paused ? `Nothing is sent for a moment: ${status.paused}` : "";
}

const songs = (number, kind = "") => `${number} ${kind}${number === 1 ? "song" : "songs"}`;

/** Show why nothing is sent, and what trying again would send. */
function takeStop({ stop, waiting }) {
  byId("stopped").hidden = !stop;
  byId("stopped-why").textContent = stop?.reason || "";
  byId("stopped-detail").hidden = !stop?.detail;
  byId("stopped-detail").lastElementChild.textContent = stop?.detail || "";
  byId("resume").hidden = !stop?.resumable;
  byId("resume").textContent = waiting ? `Try again: send ${songs(waiting, "waiting ")}` : "Try again";
}

/** Ask for the list: at first, and after each time that the connection was lost. */
async function load() {
  const wanted = Math.min(100, Math.max(PART, count()));
  const answer = await ask("GET", `api/songs?limit=${wanted}`);
  document.querySelectorAll(".ghost").forEach((ghost) => ghost.remove());
  takeStatus(answer);
  answer.songs.forEach(take);
  byId("empty").hidden = !isEmpty();
  if (!loaded) byId("more").hidden = !answer.more;
  loaded = true;
}

async function loadMore() {
  const answer = await ask("GET", `api/songs?limit=${PART}&before=${lastKey()}`);
  answer.songs.forEach(take);
  byId("more").hidden = !answer.more;
}

byId("more").addEventListener("click", () => loadMore().catch((error) => say(error.message)));
byId("resume").addEventListener("click", () => ask("POST", "api/resume").catch((error) => say(error.message)));
for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => suggest(chip.textContent));
}

// How much room the form has below what stands above it.
const head = new ResizeObserver(() => {
  document.documentElement.style.setProperty("--head", `${document.querySelector(".page").offsetTop}px`);
});
for (const part of document.querySelectorAll(".masthead, .notices")) head.observe(part);

startFollow(ordered);
follow("api/events", {
  hello(status) {
    byId("offline").hidden = true;
    takeStatus(status);
    load().catch((error) => say(error.message));
  },
  song: take,
  progress: showProgress,
  status: takeStatus,
  lost: () => (byId("offline").hidden = false),
});
startComposer(ordered).catch((error) => say(error.message));
