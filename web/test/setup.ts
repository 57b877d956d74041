// The little of a browser that the tested modules touch when they are loaded.
const kept = new Map<string, string>();
const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value), removeItem: (key: string) => void kept.delete(key) };
Object.assign(globalThis, { localStorage: storage, sessionStorage: storage, document: { documentElement: { lang: "", dataset: {} } } });
