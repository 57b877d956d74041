import type { Translate } from "../shared/i18n";
import { readable } from "../shared/address";
import { nameOfCall, type Work } from "./model";
import type { DeskWord } from "./words";

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
