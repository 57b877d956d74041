// One request to the API: the tab's session, one idempotency key a wish, repeated while the network is at fault.

export interface Asked {
  body?: unknown;
  query?: Record<string, string | number | undefined>;
  signal?: AbortSignal;
  /** If-Match of descriptions. */
  match?: string;
}

/** What the server says is wrong, or that it cannot be reached (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail);
    this.name = "Problem";
  }
}

const KEY = "sapa.session";

/** A tab remembers its session, so that two tabs may be two people; a new tab begins with the newest of this browser. */
export const session = {
  id(): string | null {
    return sessionStorage.getItem(KEY) ?? localStorage.getItem(KEY);
  },
  /** Of this tab alone: a page that asks who one wants to be does not take another tab's. */
  own(): string | null {
    return sessionStorage.getItem(KEY);
  },
  keep(id: string): void {
    sessionStorage.setItem(KEY, id);
    localStorage.setItem(KEY, id);
  },
  forget(): void {
    const id = session.id();
    sessionStorage.removeItem(KEY);
    if (localStorage.getItem(KEY) === id) localStorage.removeItem(KEY);
  },
};

/** Also where there is no secure context: randomUUID() is not there then. */
export function randomText(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** For what a browser loads by itself: audio, files. */
export function address(path: string): string {
  const id = session.id();
  return id ? `${path}${path.includes("?") ? "&" : "?"}session=${id}` : path;
}

const listeners = new Set<() => void>();
/** Told when the server says that the session is over. */
export function onSessionOver(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function call<T>(method: string, path: string, asked: Asked = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json" };
  const id = session.id();
  const query = new URLSearchParams();

  if (id) headers["Sapa-Session"] = id;
  if (method !== "GET") headers["Idempotency-Key"] = randomText();
  if (asked.match) headers["If-Match"] = asked.match;
  for (const [name, value] of Object.entries(asked.query ?? {})) if (value !== undefined) query.set(name, String(value));
  const text = typeof asked.body === "string" ? asked.body : asked.body === undefined ? undefined : JSON.stringify(asked.body);
  if (text !== undefined) headers["Content-Type"] = typeof asked.body === "string" ? "application/yaml" : "application/json";
  const url = path + (query.size > 0 ? `?${query}` : "");

  for (let attempt = 0; ; attempt++) {
    let reply: Response;
    try {
      reply = await fetch(url, {
        method,
        headers,
        credentials: "same-origin",
        ...(method === "GET" ? {} : { body: text ?? "" }),
        signal: asked.signal ? AbortSignal.any([asked.signal, AbortSignal.timeout(10_000)]) : AbortSignal.timeout(10_000),
      });
    } catch (error) {
      if (asked.signal?.aborted) throw error;
      if (attempt < 2) {
        await wait(300 * 2 ** attempt);
        continue; // the same Idempotency-Key: nothing is done twice
      }
      throw new Problem(0, "OFFLINE", "the server cannot be reached");
    }
    const body = reply.headers.get("content-type")?.includes("json") ? ((await reply.json()) as Record<string, unknown>) : { text: await reply.text() };
    if (reply.ok) return body as T;
    if (reply.status === 503 && attempt < 2) {
      await wait(1000);
      continue;
    }
    if (reply.status === 401 && id && !path.endsWith("/login")) for (const listener of listeners) listener();
    throw new Problem(reply.status, String(body["code"] ?? ""), String(body["detail"] ?? body["title"] ?? reply.statusText), body);
  }
}
