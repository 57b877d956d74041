// Something that one tab of a browser has at a time (Web Locks), and what it hands to the next (BroadcastChannel).

interface Told<T> {
  /** It is this tab's now, for it was waited for. */
  given: () => void;
  /** Another tab has taken it; what is returned goes there. */
  taken: () => T | null;
  handed: (what: T) => void;
}

/** As long as a page that is loaded anew may still hold it, or another tab have got it in that moment. */
const WAIT_MS = 600;
const AGAIN_MS = 4000;
/** Who waits leaves a tab that is only loaded anew the time to come back. */
const YIELD_MS = 1500;
const HANDED_MS = 300;

export class OneTab<T> {
  private release: (() => void) | null = null;
  private waits = false;
  private readonly channel: BroadcastChannel | null;

  constructor(
    private readonly name: string,
    private readonly told: Told<T>,
  ) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  }

  /**
   * False: another tab has it. `take`: it is taken from that one, and what it hands over has been told when this is true.
   * `again`: this tab had it a moment ago.
   */
  async hold(take: boolean, again = false): Promise<boolean> {
    if (this.release || typeof navigator.locks === "undefined") return true;
    if (!take) return this.wait(again ? AGAIN_MS : WAIT_MS);
    const handed = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, HANDED_MS);
      if (this.channel)
        this.channel.onmessage = (event: MessageEvent<T | null>) => {
          clearTimeout(timer);
          if (event.data) this.told.handed(event.data);
          resolve();
        };
    });
    await new Promise<void>((held) => this.ask({ steal: true }, held));
    await handed;
    return true;
  }

  free(): void {
    this.release?.();
    this.release = null;
  }

  private wait(ms = WAIT_MS): Promise<boolean> {
    if (this.waits) return Promise.resolve(false);
    this.waits = true;
    return new Promise((held) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        held(false);
      }, ms);
      this.ask({}, () => {
        clearTimeout(timer);
        this.waits = false;
        if (late) void this.come();
        else held(true);
      });
    });
  }

  private async come(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, YIELD_MS));
    const { pending } = await navigator.locks.query();
    if (pending?.some((lock) => lock.name === this.name)) {
      this.free();
      void this.wait();
    } else if (this.release) {
      this.told.given();
    }
  }

  private ask(options: LockOptions, held: () => void): void {
    let mine = false;
    navigator.locks
      .request(this.name, options, () => {
        mine = true;
        return new Promise<void>((free) => {
          this.release = free;
          held();
        });
      })
      .catch(() => {
        if (!mine) return;
        this.release = null;
        this.channel?.postMessage(this.told.taken());
        void this.wait(); // until that tab is gone
      });
  }
}
