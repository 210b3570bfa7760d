/**
 * The microphone's end of the audio thread: whatever rate the hardware has, it posts 20 ms frames
 * of 24 kHz int16. One file without imports, because not every browser resolves imports in a worklet.
 */
const WIRE_RATE = 24_000;
const FRAME_SAMPLES = 480;
const FULL_SCALE = 32_768;
/** Half the filter's length in samples of the slower side: about 60 dB of stop band. */
const HALF_WIDTH = 16;
/** Leaves room below Nyquist for the filter's slope. */
const PASS_BAND = 0.92;
/** A polyphase windowed-sinc resampler that keeps its state, so that chunks join without a seam. */
export class Resampler {
    up;
    down;
    taps;
    phases;
    pending;
    /** Where the next output lies, in units of 1/up of an input sample from the start of `pending`. */
    position = 0;
    constructor(from, to) {
        const shared = commonDivisor(from, to);
        this.up = to / shared;
        this.down = from / shared;
        const cutoff = PASS_BAND * Math.min(1, to / from);
        const half = Math.ceil(HALF_WIDTH / cutoff);
        this.taps = 2 * half;
        this.phases = Array.from({ length: this.up }, (_, phase) => kernel(half, cutoff, phase / this.up));
        this.pending = new Float32Array(half - 1);
    }
    push(input) {
        const sound = joined(this.pending, input);
        const output = [];
        let start = Math.floor(this.position / this.up);
        while (start + this.taps <= sound.length) {
            output.push(dot(sound, start, this.phases[this.position % this.up]));
            this.position += this.down;
            start = Math.floor(this.position / this.up);
        }
        const used = Math.min(start, sound.length);
        this.pending = sound.slice(used);
        this.position -= used * this.up;
        return Float32Array.from(output);
    }
}
function commonDivisor(a, b) {
    return b === 0 ? a : commonDivisor(b, a % b);
}
/** Blackman-windowed sinc around the point `fraction` of a sample after the tap at half - 1; sums to one. */
function kernel(half, cutoff, fraction) {
    const taps = Float32Array.from({ length: 2 * half }, (_, tap) => {
        const x = tap - (half - 1) - fraction;
        const angle = (Math.PI * x) / half;
        const window = 0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle);
        const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
        return sinc * window;
    });
    const sum = taps.reduce((total, tap) => total + tap, 0);
    return taps.map((tap) => tap / sum);
}
function dot(sound, start, taps) {
    let sum = 0;
    for (let tap = 0; tap < taps.length; tap++)
        sum += sound[start + tap] * taps[tap];
    return sum;
}
function joined(first, second) {
    const both = new Float32Array(first.length + second.length);
    both.set(first);
    both.set(second, first.length);
    return both;
}
export function toInt16(sample) {
    const scaled = Math.round(sample * FULL_SCALE);
    return Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, scaled));
}
class Capture extends AudioWorkletProcessor {
    resampler = sampleRate === WIRE_RATE ? null : new Resampler(sampleRate, WIRE_RATE);
    frame = new Int16Array(FRAME_SAMPLES);
    filled = 0;
    energy = 0;
    process(inputs) {
        const block = inputs[0]?.[0];
        if (block === undefined)
            return true;
        const sound = this.resampler === null ? block : this.resampler.push(block);
        const blockEnd = (currentFrame + block.length) / sampleRate;
        sound.forEach((sample, index) => this.take(sample, blockEnd - (sound.length - 1 - index) / WIRE_RATE));
        return true;
    }
    take(sample, endsAt) {
        this.frame[this.filled++] = toInt16(sample);
        this.energy += sample * sample;
        if (this.filled < FRAME_SAMPLES)
            return;
        const captured = { pcm: this.frame, level: Math.sqrt(this.energy / FRAME_SAMPLES), endsAt };
        this.port.postMessage(captured, [this.frame.buffer]);
        this.frame = new Int16Array(FRAME_SAMPLES);
        this.filled = 0;
        this.energy = 0;
    }
}
registerProcessor("vivavoce-capture", Capture);
