/*
 * Random numbers that are the same in each run and with every C library: what fails can be repeated,
 * and both libraries are asked the same.
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

static unsigned long long random_state = 1;

static inline unsigned
random_below(unsigned limit)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(random_state >> 33) % limit;
}

#endif
