void sapa_b(void);

void sapa_b(void)
{
}
