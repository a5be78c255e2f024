// The page: what is shown comes from the studio, first as a list, then as news of it.

import { openFollow, startComposer, startFollow, suggest } from "./forms.js";
import { ask, follow, newKey } from "./net.js";
import { count, isEmpty, lastKey, reveal, setPace, show, showProgress } from "./songs.js";

const byId = (name) => document.getElementById(name);
const PART = 30;
let loaded = false;

const handlers = {
  follow: openFollow,
  async again(song, button) {
    await once(button, async () => {
      button.key ??= newKey();
      ordered(await ask("POST", `api/songs/${song.key}/again`, { key: button.key }));
      button.key = null;
    });
  },
  async fetch(song, button) {
    await once(button, async () => take(await ask("POST", `api/songs/${song.key}/fetch`)));
  },
};

/** Do something for a button, once at a time; what goes wrong is said. */
async function once(button, act) {
  if (button.getAttribute("aria-disabled")) return;
  button.setAttribute("aria-disabled", "true");
  try {
    await act();
  } catch (error) {
    say(error.message);
    button.closest(".trouble").querySelector(".advice").textContent = error.message;
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
  const paid = `${status.spent} ${status.spent === 1 ? "song" : "songs"} paid for`;
  byId("figures").textContent = status.budget ? `${paid}, of ${status.budget} at most` : paid;
  byId("stopped").hidden = !status.stopped;
  byId("stopped-why").textContent = status.stopped || "";
  byId("paused").hidden = !status.paused;
  byId("paused").textContent = status.paused ? `Nothing is sent for a moment: ${status.paused}` : "";
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
