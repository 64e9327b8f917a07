// Whether notices are pushed to this browser while the inbox is closed. What does it is loaded only where it is wanted.
import { t } from "../words";
import { navigation } from "./navigation.svelte";
import { notices } from "./notices.svelte";
import { session } from "./session.svelte";

class Device {
  on = $state(false);
  busy = $state(false);

  /** Renew what is on; open what is clicked. */
  async begin(): Promise<void> {
    const { serviceWorker } = navigator as Partial<Navigator>;
    serviceWorker?.addEventListener("message", ({ data }: MessageEvent<{ open?: unknown }>) => {
      if (typeof data?.open === "string") navigation.open(data.open);
    });
    this.on = localStorage.getItem("deskbridge.push") === session.id;
    if (this.on) await this.renew();
    else if (matchMedia("(display-mode: standalone)").matches) await serviceWorker?.register("/inbox/worker.js", { scope: "/inbox/" });
  }

  private async renew(): Promise<void> {
    const push = await import("../push");
    this.on = Notification.permission === "granted" && (await push.turnOn(session.id).catch(() => true));
  }

  async toggle(): Promise<void> {
    this.busy = true;
    try {
      const push = await import("../push");
      if (this.on) await push.turnOff();
      else if (!(await push.turnOn(session.id))) return void notices.tell(t("push.refused"), "bad");
      this.on = !this.on;
      notices.tell(t(this.on ? "push.isOn" : "push.isOff"));
    } catch {
      notices.tell(t("push.failed"), "bad");
    } finally {
      this.busy = false;
    }
  }

  /** Before signing out: who comes next at this machine is not told what is for me. */
  async leave(): Promise<void> {
    if (!this.on && !this.busy) return;
    this.on = false;
    await import("../push").then((push) => push.turnOff()).catch(() => undefined);
  }
}

export const device = new Device();
