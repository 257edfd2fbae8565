// @ts-check
/** @typedef {{ name: string, tabs: number }} Person */

/** @param {string} name always the same hue for the same name */
function hueOf(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 10_007;
  // The golden angle keeps the hues of similar names apart.
  return (sum * 137.5) % 360;
}

/** @param {string} name a coloured disc with its first letter; decoration, since the name always stands beside it */
export function avatarOf(name) {
  const disc = document.createElement("span");
  disc.className = "avatar";
  disc.ariaHidden = "true";
  disc.style.setProperty("--hue", String(hueOf(name)));
  disc.textContent = [...name][0]?.toUpperCase() ?? "";
  return disc;
}

/**
 * Lists who is here: oneself first, then by name.
 *
 * @param {readonly Person[]} people @param {string} me
 */
export function showPeople(people, me) {
  const sorted = [...people].sort((a, b) => Number(b.name === me) - Number(a.name === me) || a.name.localeCompare(b.name));
  const items = sorted.map(({ name, tabs }) => {
    const item = document.createElement("li");
    const label = document.createElement("span");
    label.className = "person";
    label.textContent = name;
    label.title = name;
    const about = [name === me && "you", tabs > 1 && `${tabs} tabs`].filter(Boolean).join(", ");
    const note = document.createElement("span");
    note.className = "about";
    note.textContent = about;
    item.append(avatarOf(name), label, note);
    return item;
  });
  document.getElementById("people")?.replaceChildren(...items);
  const count = document.getElementById("people-count");
  if (count) count.textContent = String(people.length);
}
