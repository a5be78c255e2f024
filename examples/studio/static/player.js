// One player for all songs.

const audio = document.getElementById("audio");
const bar = document.getElementById("player");
const seek = document.getElementById("player-seek");
const toggle = document.getElementById("player-play");
const title = document.getElementById("player-title");
const cover = document.getElementById("player-cover");
const changed = new Set();
let playing = null;

export const clock = (seconds) => {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
};

/** The key of the song that sounds, or null. */
export const sounding = () => (audio.paused ? null : playing);

/** Call back whenever another song sounds, or none. */
export const onChange = (call) => changed.add(call);

/** Play a song, or pause it if it sounds. */
export function play(song, from) {
  if (playing !== song.key) {
    playing = song.key;
    audio.src = song.audio;
    title.textContent = song.title;
    cover.hidden = !song.cover;
    if (song.cover) cover.src = song.cover;
    bar.hidden = false;
    document.body.classList.add("with-player");
    if ("mediaSession" in navigator) {
      navigator.mediaSession.metadata = new MediaMetadata({ title: song.title });
    }
    bar.opener = from;
    audio.play().catch(tell);
  } else if (audio.paused) {
    audio.play().catch(tell);
  } else {
    audio.pause();
  }
}

function tell() {
  const sounds = !audio.paused;
  toggle.setAttribute("aria-label", sounds ? "Pause" : "Play");
  toggle.querySelector("use").setAttribute("href", sounds ? "#i-pause" : "#i-play");
  changed.forEach((call) => call(sounding()));
}

function move() {
  const length = Number.isFinite(audio.duration) ? audio.duration : 0;
  seek.max = length || 1;
  if (!seek.matches(":active")) seek.value = audio.currentTime;
  seek.style.setProperty("--share", length ? audio.currentTime / length : 0);
  seek.setAttribute("aria-valuetext", `${clock(audio.currentTime)} of ${clock(length)}`);
  document.getElementById("player-at").textContent = clock(audio.currentTime);
  document.getElementById("player-length").textContent = clock(length);
}

for (const name of ["play", "pause", "ended", "emptied"]) audio.addEventListener(name, tell);
for (const name of ["timeupdate", "durationchange", "seeked"]) audio.addEventListener(name, move);
audio.addEventListener("error", () => {
  if (playing) title.textContent = "This song cannot be played. Its file may be gone.";
});
seek.addEventListener("input", () => {
  audio.currentTime = Number(seek.value);
});
toggle.addEventListener("click", () => (audio.paused ? audio.play().catch(tell) : audio.pause()));
document.getElementById("player-close").addEventListener("click", () => {
  audio.pause();
  playing = null;
  bar.hidden = true;
  document.body.classList.remove("with-player");
  tell();
  bar.opener?.focus();
});
