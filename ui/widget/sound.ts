// One soft tone for a new answer, only after the patron turned it on (WCAG 1.4.2); the words say the same.

let context: AudioContext | undefined;

/** Sound now; with false, stay silent. Returns whether sound is on. */
export function chime(on = true): boolean {
  if (!on) return false;
  context ??= new AudioContext();
  const tone = context.createOscillator();
  const volume = context.createGain();
  const now = context.currentTime;
  tone.frequency.value = 660;
  volume.gain.setValueAtTime(0.08, now);
  volume.gain.exponentialRampToValueAtTime(0.0001, now + 0.4);
  tone.connect(volume).connect(context.destination);
  tone.start();
  tone.stop(now + 0.4);
  return true;
}
