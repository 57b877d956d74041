/* A shared object that is no codec plug-in. */
int sapa_test_nothing(void);

int sapa_test_nothing(void)
{
    return 0;
}
