// Where pictures come from: the camera, a photograph, a drawn portrait. None of them is sent anywhere.

import { make } from './dom';
import type { Sized } from './picture';

export type Facing = 'user' | 'environment';
export interface Source {
  kind: 'camera' | 'photograph' | 'portrait';
  frame: HTMLVideoElement | ImageBitmap;
  live: boolean;
  /** People expect to see themselves as in a mirror. */
  mirrored: boolean;
  size(): Sized;
  stop(): void;
}

export const PORTRAITS = 4;
/** Photographs are painted no larger than this. */
const LARGEST = 1280;

/** Why there is no camera here, or null. */
export function noCamera(): string | null {
  if (!window.isSecureContext) {
    return 'This address is not https, so the browser gives no camera; drawn portraits and your photographs work.';
  }
  if (!navigator.mediaDevices?.getUserMedia) {
    return 'This browser gives pages no camera; drawn portraits and your photographs work.';
  }
  return null;
}

const REFUSALS: Record<string, string> = {
  NotAllowedError: 'The camera was not allowed. Allow it for this page in the browser, then tap Camera again.',
  NotFoundError: 'No camera was found. A photograph works too.',
  OverconstrainedError: 'No camera was found. A photograph works too.',
  NotReadableError: 'Something else holds the camera. Close it, then tap Camera again.',
};

/** A sentence for the person who tapped. */
export function refusal(error: unknown): string {
  const { name, message } = error as Error;
  return REFUSALS[name] ?? `The camera did not start: ${message || name}. A photograph works too.`;
}

/** Only after a tap: the browser asks for permission. lost: called when the camera goes away. */
export async function openCamera(facing: Facing, lost: () => void): Promise<Source> {
  const video = make('video', { playsinline: true });
  // The attribute alone does not mute a video that a script made.
  video.muted = true;
  const stream = await streamOf(facing);
  const stop = () => {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  };
  stream.getVideoTracks()[0]?.addEventListener('ended', lost);
  video.srcObject = stream;
  try {
    await video.play();
  } catch (error) {
    stop();
    throw error;
  }
  const size = () => ({ width: video.videoWidth, height: video.videoHeight });
  return { kind: 'camera', frame: video, live: true, mirrored: facing === 'user', size, stop };
}

async function streamOf(facing: Facing): Promise<MediaStream> {
  const wanted = { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 30 } };
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: false, video: wanted });
  } catch (error) {
    // WebKit says so of wishes too; any camera is better than none.
    if ((error as Error).name !== 'OverconstrainedError') throw error;
    return navigator.mediaDevices.getUserMedia({ audio: false, video: true });
  }
}

/** Turned as its EXIF data says, which createImageBitmap does by itself. */
export async function openPhotograph(file: File): Promise<Source> {
  return still('photograph', await createImageBitmap(file));
}

export async function openPortrait(number: number, token: string): Promise<Source> {
  const response = await fetch(`/portrait/${number}`, { headers: { 'X-Bench-Token': token } });
  if (!response.ok) throw new Error(`the server gave no portrait: ${response.status}`);
  return still('portrait', await createImageBitmap(await response.blob()));
}

function still(kind: Source['kind'], frame: ImageBitmap): Source {
  const share = Math.min(1, LARGEST / Math.max(frame.width, frame.height));
  const shown = { width: Math.round(frame.width * share), height: Math.round(frame.height * share) };
  return { kind, frame, live: false, mirrored: false, size: () => shown, stop: () => frame.close() };
}
