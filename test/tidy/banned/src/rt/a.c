char *strcpy(char *to, const char *from);
int rand(void);
int sapa_a(char *to);

int sapa_a(char *to)
{
    strcpy(to, "x"); /* why */
    return rand ();
}
