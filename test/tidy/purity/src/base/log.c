void sapa_log(int level);

void sapa_log(int level)
{
    (void)level;
}
