// Finds what a person finds: by role and name, or by its text. Put before each expression that a test asks a page for; knows no page.
const shown = (element) => element.checkVisibility({ checkVisibilityCSS: true, checkOpacity: false });
const within = (root) => [...root.querySelectorAll("*")].filter(shown);
/** All visible elements with this role, and, if a name is given, this name. Roles and names are Chromium's own. */
const all = (role, name, root = document) => within(root).filter((element) =>
    element.computedRole === role && (name === undefined || named(element.computedName, name)));
const named = (own, name) => name instanceof RegExp ? name.test(own) : own === name;
/** The first of them. Those behind a modal dialog cannot be reached, so they are not found. */
const one = (role, name, root = document) => {
    const modal = document.querySelector("dialog:modal");
    return all(role, name, modal && root === document ? modal : root)[0];
};
/** The text a person sees in the whole page, or in one element. */
const text = (element = document.body) => element?.innerText.replaceAll("\u00a0", " ") ?? "";
const sees = (words, element) => text(element).includes(words);
const focused = () => {
    const element = document.activeElement;
    return element && [element.computedRole, element.computedName].join(" ");
};
