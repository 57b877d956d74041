double sapa_half(int value);
