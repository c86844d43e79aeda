// What this browser tells of itself, as far as it does.

import { clockStepMs } from './clock';

export interface Identity {
  unit: string;
  name: string;
  user_agent: string;
  touch: boolean;
  model: string | null;
  platform: string | null;
  platform_version: string | null;
  cores: number;
  memory_gb: number | null;
  secure: boolean;
  isolated: boolean;
  shared_memory: boolean;
  relaxed_simd: boolean;
  webgpu: boolean;
  clock_step_us: number;
}

interface AgentData {
  platform?: string;
  getHighEntropyValues(hints: string[]): Promise<{ model?: string; platformVersion?: string }>;
}

// (func (drop (i8x16.relaxed_swizzle ...))): valid only where there is relaxed SIMD.
const RELAXED = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0, 65, 1, 253, 15,
  65, 2, 253, 15, 253, 128, 2, 11,
];

export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(new Uint8Array(RELAXED));
}

// Cookies are of the computer's address alone; other stores are of its port too, and each server has
// one of its own. The server sets them: Safari forgets a script's cookies after a week.
function cookie(name: string): string {
  return new RegExp(`(?:^|; )${name}=([^;]*)`).exec(document.cookie)?.[1] ?? '';
}

const fresh = randomHex(8);

/** A random name of this browser that stays, so that its sessions stand together. */
function unit(): string {
  const known = cookie('bench-unit');
  return /^[0-9a-f]{16}$/.test(known) ? known : fresh;
}

/** What its user called it the last time. */
export function givenName(): string {
  return decodeURIComponent(cookie('bench-name'));
}

export function randomHex(bytes: number): string {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return [...values].map((value) => value.toString(16).padStart(2, '0')).join('');
}

async function hasWebGpu(): Promise<boolean> {
  try {
    return Boolean(await navigator.gpu?.requestAdapter());
  } catch {
    return false;
  }
}

export async function identity(name: string): Promise<Identity> {
  const extra = navigator as Navigator & { userAgentData?: AgentData; deviceMemory?: number };
  const agent = extra.userAgentData;
  const told = await agent?.getHighEntropyValues(['model', 'platformVersion']).catch(() => undefined);
  return {
    unit: unit(),
    name: name.trim().slice(0, 60),
    user_agent: navigator.userAgent.slice(0, 400),
    touch: navigator.maxTouchPoints > 0,
    model: told?.model || null,
    platform: agent?.platform || null,
    platform_version: told?.platformVersion || null,
    cores: navigator.hardwareConcurrency || 1,
    memory_gb: extra.deviceMemory ?? null,
    secure: window.isSecureContext,
    isolated: window.crossOriginIsolated,
    // WebKitGTK is isolated, and has none all the same.
    shared_memory: typeof SharedArrayBuffer !== 'undefined',
    relaxed_simd: hasRelaxedSimd(),
    webgpu: await hasWebGpu(),
    clock_step_us: Math.max(1, Math.round(clockStepMs() * 1000)),
  };
}
