// The keys of the desk. None writes a letter, none is the browser's own (Chromium, Firefox), so all work while typing.
import type { DeskWord } from "./words";

export const keys = {
  primary: "F2",
  hold: "F4",
  mute: "F8",
  ready: "F9",
  refuse: "Ctrl+Alt+D",
  transfer: "Ctrl+Alt+A",
  consult: "Ctrl+Alt+K",
  pause: "Ctrl+Alt+R",
  hangup: "Ctrl+Alt+E",
  dial: "Ctrl+Alt+J",
  notes: "Ctrl+Alt+N",
  merge: "Ctrl+Alt+S",
  conference: "Ctrl+Alt+B",
  extend: "Ctrl+Alt+W",
  help: "Ctrl+Alt+H",
} as const;

export const keyList: [keyof typeof keys, DeskWord[]][] = [
  ["primary", ["answer", "save"]],
  ["hold", ["hold", "resume"]],
  ["mute", ["mute"]],
  ["ready", ["toReady", "breaks"]],
  ["refuse", ["refuse"]],
  ["transfer", ["transfer"]],
  ["consult", ["consult"]],
  ["merge", ["merge"]],
  ["conference", ["conference"]],
  ["pause", ["pause"]],
  ["hangup", ["hangup"]],
  ["dial", ["dial"]],
  ["notes", ["notes"]],
  ["extend", ["extend"]],
  ["help", ["helpAsk"]],
];
