/** Sound on the wire: 24 kHz mono, 16 bit little-endian, in base64. */

export const RATE = 24_000;

const BYTES_PER_SAMPLE = 2;
const FULL_SCALE = 32_768;
/** String.fromCharCode takes its bytes as arguments, and engines cap how many there may be. */
const CHUNK_BYTES = 8_192;

export function toBase64(samples: Int16Array): string {
  const bytes = littleEndian(samples);
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(binary);
}

/** The samples as floats in [-1, 1). An odd last byte is half a sample and is dropped. Throws on what is not base64. */
export function fromBase64(text: string): Float32Array<ArrayBuffer> {
  const binary = atob(text);
  const samples = new Float32Array(Math.floor(binary.length / BYTES_PER_SAMPLE));
  for (let index = 0; index < samples.length; index++) {
    const low = binary.charCodeAt(BYTES_PER_SAMPLE * index);
    const high = binary.charCodeAt(BYTES_PER_SAMPLE * index + 1);
    const unsigned = low | (high << 8);
    samples[index] = (unsigned >= FULL_SCALE ? unsigned - 2 * FULL_SCALE : unsigned) / FULL_SCALE;
  }
  return samples;
}

export function milliseconds(samples: number): number {
  return (samples * 1000) / RATE;
}

function littleEndian(samples: Int16Array): Uint8Array {
  const view = new DataView(new ArrayBuffer(samples.length * BYTES_PER_SAMPLE));
  samples.forEach((sample, index) => view.setInt16(BYTES_PER_SAMPLE * index, sample, true));
  return new Uint8Array(view.buffer);
}
