// Times of the last frames. No DOM here.

const KEPT = 30;

export function median(values: readonly number[]): number | null {
  if (!values.length) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const half = sorted.length >> 1;
  const upper = sorted[half] as number;
  return sorted.length % 2 ? upper : ((sorted[half - 1] as number) + upper) / 2;
}

/** The last thirty of something. */
export class Recent {
  private values: number[] = [];

  add(value: number): void {
    this.values.push(value);
    if (this.values.length > KEPT) this.values.shift();
  }

  median(): number | null {
    return median(this.values);
  }

  clear(): void {
    this.values = [];
  }

  /** For moments in ms: how many a second, and 0 when the last one is over a second ago. */
  rate(now: number): number {
    const first = this.values[0];
    const last = this.values[this.values.length - 1];
    if (first === undefined || last === undefined || last === first || now - last > 1000) return 0;
    return ((this.values.length - 1) * 1000) / (last - first);
  }
}

export class Stages {
  readonly shrink = new Recent();
  readonly infer = new Recent();
  readonly paint = new Recent();
  readonly moments = new Recent();

  clear(): void {
    for (const one of [this.shrink, this.infer, this.paint, this.moments]) one.clear();
  }
}
