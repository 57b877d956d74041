import type { Translate } from "../shared/i18n";
import { readable } from "../shared/address";
import type { CardContact } from "../shared/api.gen";
import { isNumber, nameOfCall, type Work } from "./model";
import type { DeskWord } from "./words";

/** Answers up to these are a bad sign, by their scale: dissatisfied, much effort, detractor (NPS). */
const POOR: Readonly<Record<number, number>> = { 5: 2, 7: 3, 10: 6 };

export const isPoor = ({ survey, survey_scale }: Pick<CardContact, "survey" | "survey_scale">): boolean => survey !== null && survey <= (POOR[survey_scale ?? 0] ?? -1);

/** He gave up before anybody spoke to him: in the menu, in line, or while it rang. */
export const gaveUp = ({ outcome }: Pick<CardContact, "outcome">): boolean => outcome?.startsWith("abandoned") ?? false;

/** A name of the server ("abandoned in queue") as messages select by it. */
export const selected = (name: string | null): string => (name ?? "").replaceAll(" ", "_");

/** What the client calls its customers, as a heading or the name of a button: "Nasabah". */
export const customerOf = (card: { customer: string | null } | null | undefined, words: Translate<DeskWord>): string => {
  const word = card?.customer || words("customer");
  return word.charAt(0).toUpperCase() + word.slice(1);
};

/** What is known of somebody, in one line. */
export function whoIs(work: Pick<Work, "contact" | "of">, words: Translate<DeskWord>, card?: { name: string | null; called: string | null; address: string | null } | null): string {
  const contact = work.of;
  const address = contact?.address ?? card?.address;
  const chosen = nameOfCall(work.contact);
  const byNumber = chosen !== null && isNumber(chosen);
  if (chosen && !byNumber) return chosen;
  if (card?.called) return card.name && card.name !== card.called ? `${card.called} (${card.name})` : card.called;
  if (card?.name) return card.name;
  const hidden = /^\*+\d{0,2}$/.test(address ?? "");
  if (byNumber && (!address || hidden)) return readable(chosen); // he has typed it himself
  if (!address) return words(contact?.direction === "internal" ? "colleague" : "unknown");
  return hidden ? `${words("hiddenNumber")} …${address.slice(-2)}` : readable(address);
}
