// What is asked for: the composer, and the dialog for what is made from a song.

import { ask, newKey, Refused, Unreachable } from "./net.js";

const composer = document.getElementById("composer");
const dialog = document.getElementById("follow");
const followForm = document.getElementById("follow-form");
const DRAFT = "studio-draft";

const ABOUT = {
  extend: ["Extend", "The song goes on from where you say.", "Extend it"],
  cover: ["Cover", "The same song in another sound.", "Make the cover"],
  variation: ["Variation", "Another version of the song.", "Make the variation"],
  stems: ["Stems", "The song taken apart: voice, drums, bass and the rest, as one zip.", "Take it apart"],
};

const MISSING = { prompt: "Say what the song is to be.", lyric: "Write the words to sing." };

/** Order something. The same key and fields, however often, are one song. */
export const order = (key, action, fields) => ask("POST", "api/songs", { key, action, fields });

/** Return what a form says, as the fields of a request: nothing that was left as it is. */
function fieldsOf(form) {
  const fields = {};
  for (const input of form.elements) {
    const away = input.closest("[hidden]") || !input.name || input.name === "mode";
    if (away || input.disabled) continue;
    if (input.type === "checkbox") {
      if (input.checked) fields[input.name] = true;
    } else if (input.type === "range") {
      if (input.dataset.touched) fields[input.name] = Number(input.value);
    } else if (input.value.trim() !== "") {
      fields[input.name] = "number" in input.dataset ? Number(input.value) : input.value;
    }
  }
  return fields;
}

/** Show what is wrong, each beside its input; give the first one the focus. */
function showProblems(form, problems) {
  clearProblems(form);
  const rest = [];
  let first = null;
  for (const [name, words] of Object.entries(problems)) {
    const input = name && form.elements.namedItem(name);
    if (!input || input.closest("[hidden]")) {
      rest.push(name ? `${name}: ${words}` : words);
      continue;
    }
    const note = document.createElement("p");
    note.className = "problem";
    note.id = `${input.id}-problem`;
    note.textContent = words;
    input.closest(".field").append(note);
    input.setAttribute("aria-invalid", "true");
    input.setAttribute("aria-describedby", note.id);
    input.closest("details")?.setAttribute("open", "");
    first ??= input;
  }
  const place = form.querySelector('[data-problem=""]');
  place.textContent = rest.join(" ");
  place.hidden = rest.length === 0;
  first?.focus();
}

function clearProblems(form) {
  form.querySelectorAll(".field .problem").forEach((note) => note.remove());
  form.querySelector('[data-problem=""]').hidden = true;
  for (const input of form.querySelectorAll("[aria-invalid]")) {
    input.removeAttribute("aria-invalid");
    input.removeAttribute("aria-describedby");
  }
}

/** Send what a form says. Returns the song, or null where something is wrong and shown. */
async function send(form, action, more = {}) {
  if (form.busy) return null;
  form.busy = true;
  form.key ??= newKey();
  const button = form.querySelector("[type=submit]");
  button.setAttribute("aria-disabled", "true");
  try {
    const song = await order(form.key, action, { ...fieldsOf(form), ...more });
    form.key = null;
    clearProblems(form);
    return song;
  } catch (error) {
    if (error instanceof Unreachable) {
      showProblems(form, { "": "The studio cannot be reached. Press again in a moment: it is not paid twice." });
    } else if (error instanceof Refused && error.status === 409) {
      form.key = null;
      showProblems(form, {
        "": "It had arrived the first time, as it was before your last change, and is in the list. Press again to make this one as well.",
      });
    } else if (error instanceof Refused) {
      showProblems(form, error.status === 422 && Object.keys(error.fields).length ? error.fields : { "": error.message });
    } else {
      throw error;
    }
    return null;
  } finally {
    form.busy = false;
    button.removeAttribute("aria-disabled");
  }
}

// The strengths: the vendor's default counts until one is moved.

function tellRange(input) {
  const output = input.closest(".field").querySelector("output");
  output.textContent = input.dataset.touched ? Number(input.value).toFixed(2) : "as the vendor likes";
  const share = (input.value - input.min) / (input.max - input.min);
  input.style.setProperty("--share", share);
  input.setAttribute("aria-valuetext", output.textContent);
}

function resetRanges(form) {
  for (const input of form.querySelectorAll("input[type=range]")) {
    delete input.dataset.touched;
    tellRange(input);
  }
}

for (const input of document.querySelectorAll("form input[type=range]")) {
  input.addEventListener("input", () => {
    input.dataset.touched = "yes";
    tellRange(input);
  });
}

// The composer.

function setMode(mode) {
  for (const part of composer.querySelectorAll("[data-mode]")) part.hidden = part.dataset.mode !== mode;
}

/** Say how long the prompts are; more than the vendor documents is allowed, and marked. */
function count() {
  for (const hint of document.querySelectorAll("[data-counts]")) {
    const { counts, most } = hint.dataset;
    const length = [...document.getElementById(counts).value].length;
    const over = length > Number(most);
    hint.firstElementChild.textContent = `${length} of ${most} characters`;
    hint.classList.toggle("over", over);
    const beyond = hint.querySelector(".beyond");
    const words = over ? "– the vendor documents no more, and may refuse it" : "";
    if (beyond.textContent !== words) beyond.textContent = words;
  }
}

/** Keep what is written, with its key: a reload loses neither, nor pays twice. */
function keepDraft() {
  const values = {};
  for (const input of composer.elements) {
    if (input.name === "mode" || !input.name) continue;
    if (input.type === "checkbox") values[input.name] = input.checked;
    else if (input.type !== "range" || input.dataset.touched) values[input.name] = input.value;
  }
  const draft = { mode: composer.elements.mode.value, key: composer.key, values };
  sessionStorage.setItem(DRAFT, JSON.stringify(draft));
}

function takeUpDraft() {
  let draft;
  try {
    draft = JSON.parse(sessionStorage.getItem(DRAFT) || "null");
  } catch {
    draft = null;
  }
  if (draft) {
    composer.key = draft.key || null;
    composer.elements.mode.value = draft.mode;
    for (const [name, value] of Object.entries(draft.values)) {
      const input = composer.elements.namedItem(name);
      if (!input) continue;
      if (input.type === "checkbox") input.checked = value;
      else input.value = value;
      if (input.type === "range") input.dataset.touched = "yes";
    }
  }
  setMode(composer.elements.mode.value);
  composer.querySelectorAll("input[type=range]").forEach(tellRange);
  count();
}

/** Make the composer work. `made` is called with each song that was ordered. */
export async function startComposer(made) {
  const { models, model } = await ask("GET", "api/choices");
  for (const { elements } of [composer, followForm]) {
    for (const name of models) elements.model.add(new Option(name, name, name === model, name === model));
  }
  takeUpDraft();
  composer.addEventListener("input", () => {
    count();
    keepDraft();
  });
  composer.addEventListener("change", () => setMode(composer.elements.mode.value));
  composer.addEventListener("submit", async (event) => {
    event.preventDefault();
    const asked = composer.elements.mode.value;
    if (composer.elements[asked].value.trim() === "") {
      showProblems(composer, { [asked]: MISSING[asked] });
      return;
    }
    composer.key ??= newKey();
    keepDraft();
    const song = await send(composer, "generate");
    keepDraft();
    if (song === null) return;
    const { model: chosen, mode } = composer.elements;
    const [keptModel, keptMode] = [chosen.value, mode.value];
    composer.reset();
    chosen.value = keptModel;
    mode.value = keptMode;
    resetRanges(composer);
    setMode(keptMode);
    count();
    sessionStorage.removeItem(DRAFT);
    made(song);
  });
}

/** Put an idea into the composer. */
export function suggest(words) {
  composer.elements.mode.value = "prompt";
  setMode("prompt");
  composer.elements.prompt.value = words;
  count();
  keepDraft();
  composer.elements.prompt.focus();
}

// What is made from a song.

let source = null;

/** Ask what is to be made from a song. */
export function openFollow(song, action) {
  source = song;
  const [name, about, verb] = ABOUT[action];
  followForm.reset();
  followForm.key = null;
  followForm.dataset.action = action;
  clearProblems(followForm);
  for (const field of followForm.querySelectorAll("[data-for]")) {
    field.hidden = !field.dataset.for.split(" ").includes(action);
  }
  const { continue_at: place, model } = followForm.elements;
  place.value = song.duration ? Math.floor(song.duration) : "";
  place.max = song.duration ?? "";
  document.getElementById("f-length").textContent = song.duration ? `The song has ${song.duration.toFixed(1)} seconds.` : "";
  if (song.model) {
    const known = Array.from(model.options, (option) => option.value);
    if (!known.includes(song.model)) model.add(new Option(song.model, song.model));
    model.value = song.model; // what is made from a song is of its model, unless another is chosen
  }
  count();
  resetRanges(followForm);
  document.getElementById("follow-title").textContent = `${name}: ${song.title}`;
  document.getElementById("follow-about").textContent = about;
  document.getElementById("follow-submit").textContent = verb;
  dialog.showModal();
}

/** Make the dialog work. `made` is called with each song that was ordered. */
export function startFollow(made) {
  followForm.addEventListener("input", count);
  document.getElementById("follow-cancel").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  followForm.addEventListener("submit", async (event) => {
    event.preventDefault();
    const song = await send(followForm, followForm.dataset.action, { audio_id: source.audio_id });
    if (song === null) return;
    dialog.close();
    made(song);
  });
}
