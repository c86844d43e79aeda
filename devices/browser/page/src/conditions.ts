// How the phone is now, as far as a page can tell.

import type { Conditions } from './messages';

const FRAMES = 8;
let timesHidden = 0;

export function watchVisibility(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) timesHidden += 1;
  });
}

/** The time between animation frames, in ms; 33 on a phone means that it saves power. Hidden pages
 * get none. */
async function frameMs(): Promise<number | null> {
  if (document.hidden) return null;
  const times: number[] = [];
  const taken = new Promise<void>((resolve) => {
    const take = (now: number): void => {
      times.push(now);
      if (times.length > FRAMES) resolve();
      else requestAnimationFrame(take);
    };
    requestAnimationFrame(take);
  });
  await Promise.race([taken, new Promise((resolve) => setTimeout(resolve, 600))]);
  if (times.length <= FRAMES) return null;
  const steps = times.slice(1).map((time, place) => time - (times[place] as number));
  return steps.sort((a, b) => a - b)[FRAMES >> 1] as number;
}

interface Battery {
  level: number;
  charging: boolean;
}

export async function conditions(): Promise<Conditions> {
  const extra = navigator as Navigator & { getBattery?: () => Promise<Battery> };
  const battery = await extra.getBattery?.().catch(() => undefined);
  return {
    visible: !document.hidden,
    times_hidden: timesHidden,
    frame_ms: await frameMs(),
    battery: battery?.level ?? null,
    charging: battery?.charging ?? null,
    clock_s: performance.now() / 1000,
  };
}

/** Keep the screen on, where the browser lets us; taken anew when the page is shown again. */
export async function keepAwake(): Promise<void> {
  const ask = async (): Promise<void> => {
    await navigator.wakeLock?.request('screen').catch(() => undefined);
  };
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask();
  });
  await ask();
}
