int queue_free(void);

int queue_free(void)
{
    return 0;
}
