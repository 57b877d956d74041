import type { Translate } from "../shared/i18n";
import { nameOfCall, type Work } from "./model";
import type { DeskWord } from "./words";

/** A number as people read it: +62 812-3456-7890. Others as they are. */
export function readable(address: string): string {
  const digits = /^\+?(\d{6,15})$/.exec(address)?.[1];
  if (!digits) return address;
  if (!digits.startsWith("62")) return `+${digits}`;
  const rest = digits.slice(2);
  return `+62 ${rest.slice(0, 3)}-${rest.slice(3).replace(/(\d{4})(?=\d{2,})/g, "$1-")}`;
}

/** What is known of somebody, in one line. */
export function whoIs(work: Pick<Work, "contact" | "of">, words: Translate<DeskWord>, card?: { name: string | null; address: string | null } | null): string {
  const contact = work.of;
  const address = contact?.address ?? card?.address;
  const chosen = nameOfCall(work.contact);
  if (chosen) return chosen;
  if (card?.name) return card.name;
  if (!address) return words(contact?.direction === "internal" ? "colleague" : "unknown");
  return /^\*+\d{0,2}$/.test(address) ? `${words("hiddenNumber")} …${address.slice(-2)}` : readable(address);
}
