room(core ROOMS base rt)
