/** Tells Python when labels have come that it has numbers for; at most twice a second. */

const EVERY_MS = 500;
const listeners = new WeakMap();

export default function render({ parentElement, setTriggerValue }) {
  const known = listeners.get(parentElement);
  if (known) {
    known.tell = setTriggerValue;
    return () => known.close();
  }
  const pulse = { tell: setTriggerValue, toldAt: 0 };
  const send = () => {
    pulse.timer = null;
    pulse.toldAt = performance.now();
    pulse.tell("beat", pulse.version);
  };
  const hear = ({ detail }) => {
    pulse.version = detail.version;
    pulse.timer ??= setTimeout(send, Math.max(0, EVERY_MS - (performance.now() - pulse.toldAt)));
  };
  window.addEventListener("sandseg-taught", hear);
  pulse.close = () => {
    window.removeEventListener("sandseg-taught", hear);
    clearTimeout(pulse.timer);
    listeners.delete(parentElement);
  };
  listeners.set(parentElement, pulse);
  return () => pulse.close();
}
