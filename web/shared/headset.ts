// Buttons of a headset. Media keys come by the browser's Media Session; the hook switch and the mute key of a USB headset
// by WebHID (Usage Tables for USB, page 0x0B, telephony), its lamps likewise. Where a browser has neither, nothing happens.

const TELEPHONY = 0x0b;
const LEDS = 0x08;
const HOOK = 0x20;
const FLASH = 0x21;
const MUTE = 0x2f;
const LED_MUTE = 0x09;
const LED_OFF_HOOK = 0x17;
const LED_RING = 0x18;

interface Item {
  usages?: number[];
  usageMinimum?: number;
  usageMaximum?: number;
  isRange?: boolean;
  reportSize?: number;
  reportCount?: number;
}
interface Report {
  reportId?: number;
  items?: Item[];
}
export interface Device {
  opened: boolean;
  collections: { usagePage?: number; inputReports?: Report[]; outputReports?: Report[]; children?: Device["collections"] }[];
  open(): Promise<void>;
  sendReport(id: number, data: BufferSource): Promise<void>;
  addEventListener(type: "inputreport", listener: (event: { reportId: number; data: DataView }) => void): void;
}
interface Hid {
  getDevices(): Promise<Device[]>;
  requestDevice(options: { filters: { usagePage: number }[] }): Promise<Device[]>;
  addEventListener(type: "connect", listener: (event: { device: Device }) => void): void;
}

export interface Buttons {
  talking: () => boolean;
  answer: () => boolean;
  hangup: () => void;
  mute: (on: boolean) => void;
}

export interface CallNow {
  ringing: boolean;
  talking: boolean;
  muted: boolean;
}

const hid = (): Hid | null => (navigator as Navigator & { hid?: Hid }).hid ?? null;

/** Where the bit of each usage (page << 16 | id) stands in the reports of a device. */
export function bitsOf(device: Pick<Device, "collections">, kind: "inputReports" | "outputReports", sizes = new Map<number, number>()): Map<number, { report: number; bit: number }> {
  const bits = new Map<number, { report: number; bit: number }>();
  const offsets = new Map<number, number>();
  const walk = (collections: Device["collections"]): void => {
    for (const collection of collections) {
      for (const report of collection[kind] ?? []) {
        const id = report.reportId ?? 0;
        let at = offsets.get(id) ?? 0;
        for (const item of report.items ?? []) {
          const usages = item.isRange ? Array.from({ length: Math.min(64, (item.usageMaximum ?? 0) - (item.usageMinimum ?? 0) + 1) }, (_, i) => (item.usageMinimum ?? 0) + i) : (item.usages ?? []);
          const size = item.reportSize ?? 0;
          const count = item.reportCount ?? 0;
          if (size === 1) for (let i = 0; i < Math.min(count, usages.length); i++) if (!bits.has(usages[i]!)) bits.set(usages[i]!, { report: id, bit: at + i });
          at += size * count;
        }
        offsets.set(id, at);
        sizes.set(id, Math.ceil(at / 8));
      }
      walk(collection.children ?? []);
    }
  };
  walk(device.collections);
  return bits;
}

const read = (data: DataView, bit: number): boolean => bit >> 3 < data.byteLength && (data.getUint8(bit >> 3) & (1 << (bit & 7))) !== 0;
const usage = (page: number, id: number) => page * 65536 + id;

export class Headset {
  static readonly possible = typeof navigator !== "undefined" && "hid" in navigator;
  private now: CallNow = { ringing: false, talking: false, muted: false };
  private devices: Device[] = [];

  constructor(private readonly buttons: Buttons) {}

  /** Those that the person has let the page use before; media keys in any case. */
  async begin(): Promise<void> {
    const session = navigator.mediaSession as MediaSession | undefined;
    const on = (action: string, act: () => void) => {
      try {
        session?.setActionHandler(action as MediaSessionAction, act);
      } catch {
        /* a browser that does not know this key */
      }
    };
    on("togglemicrophone", () => this.now.talking && this.buttons.mute(!this.now.muted));
    on("hangup", () => this.now.talking && this.buttons.hangup());
    try {
      for (const device of (await hid()?.getDevices()) ?? []) await this.use(device);
      hid()?.addEventListener("connect", ({ device }) => void this.use(device).catch(() => undefined));
    } catch {
      /* not allowed by who looks after this browser */
    }
  }

  /** The browser shows its own list; false: nothing was chosen, or it has no such keys. */
  async choose(): Promise<boolean> {
    try {
      const chosen = (await hid()?.requestDevice({ filters: [{ usagePage: TELEPHONY }] })) ?? [];
      for (const device of chosen) await this.use(device);
      return chosen.length > 0;
    } catch {
      return false;
    }
  }

  async use(device: Device): Promise<void> {
    const bits = bitsOf(device, "inputReports");
    const at = (id: number) => bits.get(usage(TELEPHONY, id));
    const before = new Map<number, boolean>();
    if (this.devices.includes(device) || (!at(HOOK) && !at(MUTE))) return;
    if (!device.opened) await device.open();
    this.devices.push(device);
    device.addEventListener("inputreport", ({ reportId, data }) => {
      for (const id of [HOOK, FLASH, MUTE]) {
        const place = at(id);
        if (!place || place.report !== reportId) continue;
        const on = read(data, place.bit);
        const was = before.get(id) ?? false;
        before.set(id, on);
        if (on !== was) this.pressed(id, on);
      }
    });
    this.lamps(device);
  }

  /** The hook is a switch: off it takes the call, on it ends it. Mute is a key: each press turns it. */
  private pressed(id: number, on: boolean): void {
    if (id === HOOK && on && this.now.ringing) this.buttons.answer();
    else if (id === HOOK && !on && this.now.talking) this.buttons.hangup();
    else if (id === MUTE && on && this.now.talking) this.buttons.mute(!this.now.muted);
  }

  /** The headset shows what the page shows. */
  show(now: CallNow): void {
    const session = navigator.mediaSession as (MediaSession & { setMicrophoneActive?: (on: boolean) => unknown }) | undefined;
    this.now = now;
    try {
      void session?.setMicrophoneActive?.(now.talking && !now.muted);
    } catch {
      /* older browsers */
    }
    for (const device of this.devices) this.lamps(device);
  }

  private lamps(device: Device): void {
    const sizes = new Map<number, number>();
    const bits = bitsOf(device, "outputReports", sizes);
    const reports = new Map<number, Uint8Array<ArrayBuffer>>();
    for (const [id, on] of [
      [LED_RING, this.now.ringing],
      [LED_OFF_HOOK, this.now.talking],
      [LED_MUTE, this.now.talking && this.now.muted],
    ] as const) {
      const place = bits.get(usage(LEDS, id));
      if (!place) continue;
      const bytes = reports.get(place.report) ?? new Uint8Array(Math.min(64, sizes.get(place.report) ?? 1));
      if (on && place.bit >> 3 < bytes.length) bytes[place.bit >> 3]! |= 1 << (place.bit & 7);
      reports.set(place.report, bytes);
    }
    for (const [report, bytes] of reports) void device.sendReport(report, bytes).catch(() => undefined);
  }
}
