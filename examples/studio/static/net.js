// Asking the studio.

export class Refused extends Error {
  constructor(status, body) {
    super(body.detail || `The studio answered ${status}.`);
    this.status = status;
    this.fields = body.fields || {};
  }
}

export class Unreachable extends Error {}

/** Ask, and return the answer's JSON. Raises Refused or Unreachable. */
export async function ask(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(30_000),
    });
  } catch {
    throw new Unreachable("The studio cannot be reached.");
  }
  const found = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(answer.status, typeof found.detail === "string" || found.fields ? found : {});
  return found;
}

/** A key that no other order has. Without TLS, and not on this machine, randomUUID is missing. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * Follow what changes, for as long as the page is open. After each (re)connection `hello` is
 * called: whatever was missed has to be asked for.
 */
export function follow(path, { hello, song, progress, status, lost }) {
  let source;
  const open = () => {
    source = new EventSource(path);
    const on = (name, handle) => source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
    on("hello", hello);
    on("song", song);
    on("progress", progress);
    on("status", status);
    source.addEventListener("error", () => {
      lost();
      // A browser gives up after an answer that is no stream, such as a proxy's 502.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, 2000);
    });
  };
  open();
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
}
