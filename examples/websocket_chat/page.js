// The page's side of the chat. What is sent and received is written down in protocol.rs.
"use strict";

const $ = (id) => document.getElementById(id);

// How long after a broken connection the next is tried, in milliseconds: twice as long each time, and each page a little
// differently, since a server that comes back should not meet all of them at once.
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 10_000;

let socket = null;
let me = null; // {name, room}, once asked for
let welcome = false; // whether the server has let us in, with this connection
let wasIn = false; // with any
let pause = FIRST_PAUSE;
let newest = 0; // when the newest message that is shown was said: after a new connection older ones come once more
const people = new Map();

function setState(state, text) {
  $("state").dataset.state = state;
  $("state").textContent = text;
  $("say").querySelector("button").disabled = state !== "here";
}

// ---- the connection

function connect() {
  setState("wait", wasIn ? "connecting again" : "connecting");
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const opened = new WebSocket(`${scheme}//${location.host}/chat`);
  socket = opened;
  opened.onopen = () => opened.send(`join\n${me.room}\n${me.name}`);
  opened.onmessage = (event) => hear(String(event.data));
  // One that was given up may close when there is another.
  opened.onclose = (event) => socket === opened && lose(event);
}

function lose(event) {
  socket = null;
  welcome = false;
  const wait = pause * (0.75 + Math.random() / 2);
  pause = Math.min(pause * 2, LONGEST_PAUSE);
  setState("wait", event.reason ? `${event.reason}: trying again` : "connection lost: trying again");
  setTimeout(connect, wait);
}

// ---- what the server says

const hearers = {
  here(names) {
    welcome = true;
    pause = FIRST_PAUSE;
    people.clear();
    names.forEach((name) => people.set(name, true));
    $("door").hidden = true;
    $("chat").hidden = false;
    $("room").hidden = false;
    $("room").textContent = `in “${me.room}” as ${me.name}`;
    setState("here", "connected");
    showPeople();
    note(wasIn ? "You are connected again." : "You have joined.");
    if (!wasIn) {
      $("text").focus();
    }
    wasIn = true;
  },
  joins([name]) {
    people.set(name, true);
    showPeople();
    note(`${name} joins.`);
  },
  leaves([name]) {
    people.delete(name);
    showPeople();
    note(`${name} leaves.`);
  },
  said([time, name, ...text]) {
    if (Number(time) > newest) {
      newest = Number(time);
      showSaid(new Date(newest), name, text.join("\n"));
    }
  },
  refused([why]) {
    if (welcome) {
      return note(`Not sent: ${why}.`);
    }
    if (wasIn) {
      // The server may not know yet that our last connection is gone.
      return socket.close();
    }
    socket.close();
    socket = me = null;
    setState("away", "not connected");
    $("refusal").textContent = `Sorry: ${why}.`;
    $("name").focus();
  },
};

function hear(message) {
  const [verb, ...rest] = message.split("\n");
  if (Object.hasOwn(hearers, verb)) {
    hearers[verb](rest);
  }
}

// ---- what is shown: names and messages only ever as text, never as markup

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  made.dir = "auto";
  return made;
}

function hueOf(name) {
  let hash = 0;
  for (const letter of name) {
    hash = (hash * 31 + letter.codePointAt(0)) % 360;
  }
  return hash;
}

function append(item) {
  const list = $("messages");
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(item);
  while (list.childElementCount > 500) {
    list.firstElementChild.remove();
  }
  if (atEnd) {
    list.scrollTop = list.scrollHeight;
  }
}

function note(text) {
  append(element("li", "note", text));
}

function showSaid(time, name, text) {
  const item = document.createElement("li");
  const mine = name === me.name;
  item.className = mine ? "said mine" : "said";
  item.style.setProperty("--hue", hueOf(name));
  const when = element("time", "", time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  when.dateTime = time.toISOString();
  item.append(element("bdi", "by", mine ? "You" : name), when, element("p", "text", text));
  append(item);
}

function showPeople() {
  const names = [...people.keys()].sort((a, b) => a.localeCompare(b));
  $("count").textContent = `(${names.length})`;
  $("people").replaceChildren(...names.map((name) => {
    const item = document.createElement("li");
    const badge = element("span", "badge", [...name][0].toUpperCase());
    badge.ariaHidden = "true";
    item.style.setProperty("--hue", hueOf(name));
    item.append(badge, element("bdi", "", name === me.name ? `${name} (you)` : name));
    return item;
  }));
}

// ---- what the user does

$("join").addEventListener("submit", (event) => {
  event.preventDefault();
  if (me !== null) {
    return;
  }
  $("refusal").textContent = "";
  me = { name: $("name").value.trim(), room: $("where").value.trim() };
  history.replaceState(null, "", `#${encodeURIComponent(me.room)}`);
  connect();
});

$("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  // While there is no connection the text stays where it is.
  if (text !== "" && welcome) {
    socket.send(`say\n${text}`);
    $("text").value = "";
  }
});

// Who follows a link to a room need not type its name.
try {
  $("where").value = decodeURIComponent(location.hash.slice(1)) || "lobby";
} catch {
  // It is no such link.
}
