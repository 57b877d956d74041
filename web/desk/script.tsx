// Knowledge beside the call: what the script of the campaign or the queue says, in the language of the customer.
import { useWords } from "../shared/i18n";
import { useLive } from "../shared/live";
import type { Work } from "./model";
import { deskWords } from "./words";

export function Script({ work, script, campaign }: { work: Work | null; script: string | null; campaign: string | null }) {
  const words = useWords(deskWords);
  const queue = useLive((page) => page.directory?.queues.find((one) => one.id === work?.queue)?.name);

  if (!work) return <p className="empty soft">{words("cardNone")}</p>;
  return (
    <section className="script" aria-label={words("script")}>
      <h2>{campaign || queue ? words("scriptOf", { queue: campaign ?? queue ?? "" }) : words("script")}</h2>
      {script ? (
        <div lang={work.of?.language} className="script-text">
          {script}
        </div>
      ) : (
        <p className="small soft">{words("scriptNone")}</p>
      )}
    </section>
  );
}
