// What the clients in Node share: a microphone, and how they report.
export const RATE = 24000;
const FRAME = 480;

// Sends 16-bit frames in real time through `push(Int16Array)` until `done()`: silence, and while one speaks syllables
// of noise, which nobody takes for the assistant's own hum.
export class Microphone {
  speaking = 0;

  speak(seconds) {
    this.speaking = Math.round((seconds * RATE) / FRAME);
  }

  async run(push, done) {
    let position = 0;
    let due = performance.now();
    while (!done()) {
      const frame = new Int16Array(FRAME);
      const level = 8000 * (0.6 + 0.4 * Math.sin((2 * Math.PI * 4 * position) / RATE));
      if (this.speaking-- > 0) for (let n = 0; n < FRAME; n++) frame[n] = level * (2 * Math.random() - 1);
      push(frame);
      position += FRAME;
      due += (FRAME / RATE) * 1000;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    }
  }
}

export function tell(report) {
  console.log("REPORT " + JSON.stringify(report));
  process.exit(0);
}
