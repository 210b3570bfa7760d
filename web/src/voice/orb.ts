/** The orb: a soft body of light that moves with the voice of whoever speaks. */

import type { Phase } from "../thread/reduce.js";

/** Rises fast and falls slowly, as loudness feels. Shares of the gap closed a frame. */
const ATTACK = 0.45;
const RELEASE = 0.08;
/** Speech sits around -25 dB: brought to about half of the range. */
const GAIN = 5;
const POINTS = 72;
/** The orb's resting radius as a share of the canvas. */
const RADIUS = 0.3;
/** Lights that drift inside: where, how large, how bright, how fast. Places are shares of the radius. */
const LIGHTS = [
  { x: -0.35, y: -0.4, size: 1.0, alpha: 0.55, speed: 0.5 },
  { x: 0.4, y: 0.1, size: 0.75, alpha: 0.3, speed: -0.8 },
  { x: -0.1, y: 0.5, size: 0.6, alpha: 0.22, speed: 1.1 },
] as const;
const IDLE_SWELL: { readonly [phase in Phase]: number } = {
  ready: 0,
  connecting: 0.16,
  listening: 0.1,
  thinking: 0.22,
  speaking: 0.12,
  ducked: 0.05,
  reconnecting: 0.16,
};

export class Orb {
  private readonly pen: CanvasRenderingContext2D;
  private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  private phase: Phase = "ready";
  private target = 0;
  private level = 0;
  private running = false;
  private closed = false;
  private readonly watcher = new ResizeObserver(() => this.fit());

  constructor(private readonly canvas: HTMLCanvasElement) {
    const pen = canvas.getContext("2d");
    if (pen === null) throw new Error("no 2D canvas");
    this.pen = pen;
    this.watcher.observe(canvas);
    this.fit();
  }

  close(): void {
    this.watcher.disconnect();
    this.closed = true;
  }

  show(phase: Phase): void {
    this.phase = phase;
    this.target = 0;
    this.wake();
  }

  /** `level` is a root mean square, 0 to 1. */
  hear(level: number): void {
    this.target = Math.min(1, Math.sqrt(level * GAIN) * 0.8);
  }

  private fit(): void {
    const pixels = Math.round(this.canvas.clientWidth * window.devicePixelRatio);
    if (pixels > 0) this.canvas.width = this.canvas.height = pixels;
    this.wake();
  }

  private wake(): void {
    if (this.running) return;
    this.running = true;
    requestAnimationFrame((now) => this.draw(now));
  }

  /** Draws as long as something moves: a page at rest costs nothing. */
  private draw(now: number): void {
    const rate = this.target > this.level ? ATTACK : RELEASE;
    this.level += (this.target - this.level) * rate;
    if (!this.closed) this.paint(now / 1000);
    this.running = !this.closed && (this.phase !== "ready" || this.level > 0.01);
    if (this.running) requestAnimationFrame((next) => this.draw(next));
  }

  private paint(seconds: number): void {
    const time = this.calm.matches || document.documentElement.dataset["motion"] === "less" ? 0 : seconds;
    const size = this.canvas.width;
    const style = getComputedStyle(this.canvas);
    const [from, to] = [style.getPropertyValue("--orb-from"), style.getPropertyValue("--orb-to")];
    if (from === "" || to === "") return; // taken off the page
    const swell = IDLE_SWELL[this.phase] * (1 + 0.5 * Math.sin(time * 1.6)) + this.level;
    const radius = size * RADIUS * (1 + 0.22 * swell);
    const middle = size / 2;
    this.pen.clearRect(0, 0, size, size);
    this.fillRound(middle, middle, Math.min(middle, radius * (1.25 + 0.3 * this.level)), 0.28 + 0.3 * this.level, [
      [0.55, from],
      [1, transparent(from)],
    ]);
    this.pen.save();
    this.outline(middle, radius, time);
    this.pen.fillStyle = this.body(middle, radius, from, to);
    this.pen.fill();
    this.pen.clip();
    for (const light of LIGHTS) this.shine(light, middle, radius, time);
    this.pen.restore();
  }

  private body(middle: number, radius: number, from: string, to: string): CanvasGradient {
    const gradient = this.pen.createLinearGradient(middle - radius * 0.6, middle - radius, middle + radius * 0.6, middle + radius);
    gradient.addColorStop(0, from);
    gradient.addColorStop(1, to);
    return gradient;
  }

  private shine({ x, y, size, alpha, speed }: (typeof LIGHTS)[number], middle: number, radius: number, time: number): void {
    const reach = 0.18 + 0.35 * this.level;
    const across = middle + radius * (x + reach * Math.sin(time * speed + x * 9));
    const down = middle + radius * (y + reach * Math.cos(time * speed * 0.9 + y * 7));
    this.fillRound(across, down, radius * size, alpha * (0.65 + 0.5 * this.level), [
      [0, "#ffffff"],
      [1, "#ffffff00"],
    ]);
  }

  private fillRound(x: number, y: number, radius: number, alpha: number, stops: readonly (readonly [number, string])[]): void {
    const gradient = this.pen.createRadialGradient(x, y, 0, x, y, radius);
    stops.forEach(([place, colour]) => gradient.addColorStop(place, colour));
    this.pen.globalAlpha = Math.min(1, alpha);
    this.pen.fillStyle = gradient;
    this.pen.fillRect(x - radius, y - radius, 2 * radius, 2 * radius);
    this.pen.globalAlpha = 1;
  }

  private outline(middle: number, radius: number, time: number): void {
    const waves = time === 0 ? 0 : radius * (0.05 * IDLE_SWELL[this.phase] + 0.055 * this.level);
    this.pen.beginPath();
    for (let point = 0; point <= POINTS; point++) {
      const angle = (point / POINTS) * 2 * Math.PI;
      const wave = Math.sin(3 * angle + 2.1 * time) + 0.6 * Math.sin(5 * angle - 2.9 * time) + 0.4 * Math.sin(2 * angle + time);
      const reach = radius + waves * wave;
      this.pen.lineTo(middle + reach * Math.cos(angle), middle + reach * Math.sin(angle));
    }
    this.pen.closePath();
  }
}

/** A colour as the browser computes it, `rgb(…)`, without its substance. */
function transparent(colour: string): string {
  return colour.replace("rgb(", "rgba(").replace(/\)$/, ", 0)");
}
