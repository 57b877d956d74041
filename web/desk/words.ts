import type { Messages } from "../shared/i18n";

export const deskWords = {
  id: { title: "Meja agen", work: "Pekerjaan", state: "Keadaan saya: {state}", nothing: "Tidak ada kontak." },
  en: { title: "Agent desk", work: "Work", state: "My state: {state}", nothing: "No contacts." },
} satisfies Messages<string>;
