int sapa_attic;
