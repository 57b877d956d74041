import { Store } from "./store";

export type Theme = "system" | "light" | "dark";
const KEY = "sapa.theme";

function begin(): Theme {
  try {
    const kept = localStorage.getItem(KEY);
    if (kept === "light" || kept === "dark") return kept;
  } catch {
    /* no storage */
  }
  return "system";
}

export const theme = new Store<Theme>(begin());

export function setTheme(to: Theme): void {
  try {
    if (to === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, to);
  } catch {
    /* for this page alone, then */
  }
  if (to === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = to;
  theme.set(to);
}
