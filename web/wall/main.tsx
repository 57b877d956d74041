// /wall: wallboards and their editor. /wall#BOARD: one of them on the whole screen. /wall#BOARD/TOKEN: the same on a
// screen of its own; what stands behind # is never sent to a server, so the token is in nobody's log.
import { createRoot } from "react-dom/client";
import { begin } from "../shared/live";
import "../shared/theme.css";
import "../shared/frame.css";
import "./wall.css";
import { Editor } from "./editor";
import { addressOf } from "./model";
import { Screen } from "./screen";
import { ownSource, tokenSource } from "./source";

const root = createRoot(document.getElementById("root")!);

function show(): void {
  const { board, token } = addressOf(location.hash);

  if (!board) {
    void begin();
    root.render(<Editor />);
  } else if (token) {
    root.render(<Screen source={tokenSource(board, token)} />);
  } else {
    void begin();
    root.render(<Screen source={ownSource(board)} back />);
  }
}

window.addEventListener("hashchange", () => location.reload());
show();
