void *malloc(unsigned long size);
void sapa_log(int level);
int sapa_clock_now(void);
int sapa_a(void);

int sapa_a(void)
{
    sapa_log(1);
    return malloc(3) != 0 && sapa_clock_now();
}
