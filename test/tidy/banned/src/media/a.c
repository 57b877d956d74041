int pthread_mutex_lock(void *mutex);
