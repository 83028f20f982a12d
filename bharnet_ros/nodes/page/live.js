// Asks for the next camera image when the last one is shown, so that a slow browser or network
// gets fewer images and nothing piles up.
(() => {
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  let number = 0;
  let shown = "";
  const visible = () =>
    [...document.querySelectorAll("img.live-image")].find((one) => one.offsetParent !== null);

  const next = async () => {
    const image = visible();
    if (!image || document.hidden) return pause(300);
    const answer = await fetch(`live.jpg?after=${number}`, { cache: "no-store" });
    if (answer.status !== 200) return pause(answer.status === 204 ? 100 : 2000);
    number = Number(answer.headers.get("x-number"));
    const url = URL.createObjectURL(await answer.blob());
    await new Promise((done) => {
      image.onload = image.onerror = done;
      image.src = url;
    });
    image.classList.add("has-image");
    if (shown) URL.revokeObjectURL(shown);
    shown = url;
    return pause(60);
  };

  const run = async () => {
    for (;;) await next().catch(() => pause(2000));
  };
  run();
  // A page in the background is not drawn.
  document.addEventListener("visibilitychange", () => emitEvent("looking", !document.hidden));
})();
