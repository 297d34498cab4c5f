/**
 * The uploader in the browser: a field for files, a place to drop them, and how far they are.
 *
 * All files go in one request to an address that is good for one (see uploader.py and
 * sandseg/arrivals.py); none is read into memory. Python is told when it has ended, in whatever way,
 * says what there is to say, and gives out a new address.
 */

const MB = 1e6;
const SETTLED_MS = 1500; // before that no one can say how long it takes
const FACE = `
  <div class="name"></div>
  <label class="drop">
    <input type="file" data-testid="stFileUploaderDropzoneInput">
    <span class="button"></span><span class="terms"></span>
  </label>
  <div class="work" hidden>
    <div class="bar" role="progressbar" aria-valuemin="0" aria-valuemax="100"><i></i></div>
    <span class="told"></span><button type="button">Cancel</button>
  </div>
  <span class="spoken" role="status"></span>
  <p class="help"></p>`;

class Uploader {
  constructor(root) {
    root.innerHTML = FACE;
    this.part = (name) => root.querySelector(name);
    this.input = this.part("input");
    this.files = [];
    this.input.onchange = () => this.take(this.input.files);
    this.part(".work button").onclick = () => this.cancel();
    const drop = this.part(".drop");
    drop.ondragover = (event) => {
      event.preventDefault();
      drop.classList.add("over");
    };
    drop.ondragleave = () => drop.classList.remove("over");
    drop.ondrop = (event) => {
      event.preventDefault();
      drop.classList.remove("over");
      this.take(event.dataTransfer.files);
    };
  }

  update(data, tell) {
    this.data = data;
    this.tell = tell;
    this.input.accept = data.accept;
    this.input.multiple = data.isMany;
    this.input.setAttribute("aria-label", data.label);
    this.input.setAttribute("aria-description", `${data.terms}. ${data.help}`);
    this.part(".bar").setAttribute("aria-label", `Upload: ${data.label}`);
    this.part(".name").textContent = data.label;
    this.part(".button").textContent = data.button;
    this.part(".terms").textContent = data.terms;
    this.part(".help").textContent = data.help;
    if (!this.request && this.used !== data.address) this.show(false);
    this.send();
  }

  /** Keep what was chosen until there is an address to send it to. */
  take(files) {
    if (this.request) return;
    this.files = [...files];
    this.input.value = ""; // the same file may be chosen again
    this.send();
  }

  send() {
    if (!this.files.length || this.request || this.used === this.data.address) return;
    const list = this.files.map((file) => [file.name, file.size]);
    const body = new Blob([`${JSON.stringify(list)}\n`, ...this.files]);
    this.files = [];
    this.used = this.data.address;
    this.start = performance.now();
    this.end = "sent";
    const request = (this.request = new XMLHttpRequest());
    request.open("PUT", this.used);
    request.setRequestHeader("X-Xsrftoken", xsrfToken());
    request.upload.onprogress = (event) => this.progress(event.loaded, event.total);
    request.onloadend = () => {
      this.request = null;
      this.tell(this.end);
    };
    this.show(true);
    this.progress(0, body.size);
    this.say("Sending");
    request.send(body);
  }

  cancel() {
    this.end = "cancelled";
    this.request?.abort();
  }

  leave() {
    if (this.request) this.request.onloadend = null;
    this.request?.abort();
  }

  progress(n, total) {
    const share = total ? n / total : 0;
    const seconds = (performance.now() - this.start) / 1000;
    let text = `${count(n)} of ${count(total)} MB`;
    if (n === total) text = "Reading what was sent …";
    else if (seconds * 1000 > SETTLED_MS && n) text += `, ${left((seconds / share) * (1 - share))} left`;
    this.part(".told").textContent = text;
    this.part(".bar").setAttribute("aria-valuenow", Math.round(100 * share));
    this.part(".bar").setAttribute("aria-valuetext", text);
    this.part(".bar i").style.width = `${100 * share}%`;
    this.part(".work button").hidden = n === total;
    if (n === total) this.say(text);
  }

  show(isBusy) {
    const hadFocus = this.part(".work").contains(document.activeElement);
    this.part(".drop").hidden = isBusy;
    this.part(".help").hidden = isBusy || !this.data.help;
    this.part(".work").hidden = !isBusy;
    if (!isBusy) this.say("");
    if (hadFocus && !isBusy) this.input.focus();
  }

  say(text) {
    this.part(".spoken").textContent = text;
  }
}

function xsrfToken() {
  return document.cookie.match(/(?:^|; )_streamlit_xsrf=([^;]*)/)?.[1] ?? "";
}

function count(bytes) {
  const megabytes = bytes / MB;
  return megabytes.toLocaleString("en", { maximumFractionDigits: megabytes < 10 ? 1 : 0 });
}

function left(seconds) {
  return seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;
}

const uploaders = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".sandseg-uploader");
  if (!uploaders.has(root)) uploaders.set(root, new Uploader(root));
  const uploader = uploaders.get(root);
  uploader.update(data, (how) => setTriggerValue(how, true));
  return () => uploader.leave();
}
