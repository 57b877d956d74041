import { createRoot } from "react-dom/client";
import { beginPolled } from "../shared/live";
import "../shared/theme.css";
import "../shared/frame.css";
import "./tech.css";
import { look } from "./source";
import { Tech } from "./tech";

void beginPolled(look, 3000);
createRoot(document.getElementById("root")!).render(<Tech />);
