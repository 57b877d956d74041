static const char *const where = "/home/budi/sapa/data";
