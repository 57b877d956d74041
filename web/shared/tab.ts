// What a tab keeps of its work (drafts of notes, names, the dialog of a call) is of who wrote it. He finds it again when his
// session was over and he comes back; somebody else who logs in in the same tab does not.
import { session } from "./call";

const KEY = "sapa.user";

export function belongTo(user: string): void {
  const before = sessionStorage.getItem(KEY);
  if (before === user) return;
  const own = session.own();
  if (before !== null) sessionStorage.clear();
  if (own) session.keep(own);
  sessionStorage.setItem(KEY, user);
}
