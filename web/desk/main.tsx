import { createRoot } from "react-dom/client";
import { begin } from "../shared/live";
import "../shared/theme.css";
import "../shared/frame.css";
import "./desk.css";
import { Desk } from "./desk";

void begin();
createRoot(document.getElementById("root")!).render(<Desk />);
