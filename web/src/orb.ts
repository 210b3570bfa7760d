/** The orb: a soft shape behind the button that moves with the voice of whoever speaks. */

import type { Phase } from "./captions.js";

/** Rises fast and falls slowly, as loudness feels. Shares of the gap closed a frame. */
const ATTACK = 0.45;
const RELEASE = 0.08;
/** Speech sits around -25 dB: brought to about half of the range. */
const GAIN = 5;
const POINTS = 72;
const LAYERS = [
  { spread: 0.3, alpha: 0.16, speed: 0.7 },
  { spread: 0.2, alpha: 0.3, speed: -1.0 },
  { spread: 0.1, alpha: 0.95, speed: 1.3 },
] as const;
/** The orb's resting radius as a share of the canvas. */
const RADIUS = 0.31;
const IDLE_SWELL: { readonly [phase in Phase]: number } = {
  ready: 0,
  connecting: 0.16,
  listening: 0.1,
  thinking: 0.22,
  speaking: 0.12,
  reconnecting: 0.16,
};

export class Orb {
  private readonly pen: CanvasRenderingContext2D;
  private readonly calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  private phase: Phase = "ready";
  private target = 0;
  private level = 0;
  private running = false;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const pen = canvas.getContext("2d");
    if (pen === null) throw new Error("no 2D canvas");
    this.pen = pen;
    new ResizeObserver(() => this.fit()).observe(canvas);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", () => this.wake());
    this.fit();
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
    this.paint(now / 1000);
    this.running = this.phase !== "ready" || this.level > 0.01;
    if (this.running) requestAnimationFrame((next) => this.draw(next));
  }

  private paint(seconds: number): void {
    const size = this.canvas.width;
    const style = getComputedStyle(this.canvas);
    this.pen.clearRect(0, 0, size, size);
    for (const layer of LAYERS) {
      this.pen.globalAlpha = layer.alpha;
      this.pen.fillStyle = this.ink(style, size);
      this.outline(size, layer, this.calm.matches ? 0 : seconds);
      this.pen.fill();
    }
    this.pen.globalAlpha = 1;
  }

  private ink(style: CSSStyleDeclaration, size: number): CanvasGradient {
    const gradient = this.pen.createLinearGradient(size * 0.25, size * 0.15, size * 0.75, size * 0.9);
    gradient.addColorStop(0, style.getPropertyValue("--orb-from").trim());
    gradient.addColorStop(1, style.getPropertyValue("--orb-to").trim());
    return gradient;
  }

  private outline(size: number, layer: (typeof LAYERS)[number], seconds: number): void {
    const swell = IDLE_SWELL[this.phase] * (1 + 0.5 * Math.sin(seconds * 1.6)) + this.level;
    const radius = size * RADIUS * (1 + layer.spread * swell);
    const waves = this.calm.matches ? 0 : size * 0.016 * (1.6 * IDLE_SWELL[this.phase] + 0.9 * this.level);
    this.pen.beginPath();
    for (let point = 0; point <= POINTS; point++) {
      const angle = (point / POINTS) * 2 * Math.PI;
      const time = seconds * layer.speed;
      const wave = Math.sin(3 * angle + 2.1 * time) + 0.6 * Math.sin(5 * angle - 2.9 * time) + 0.4 * Math.sin(2 * angle + time);
      const reach = radius + waves * wave;
      this.pen.lineTo(size / 2 + reach * Math.cos(angle), size / 2 + reach * Math.sin(angle));
    }
    this.pen.closePath();
  }
}
