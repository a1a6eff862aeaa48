/* The work of step `words` outside the sandbox: cc -std=c11 -O3 bench/words.c -o /tmp/words && /tmp/words */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { BATCH = 8192, BATCHES = 122, SIZE = 200 };

static const char *const WORDS[] = {"The", "quick", "Brown", "fox", "Jumps", "over", "THE", "lazy",
                                    "Dog", "and", "Then", "runs", "Away", "from", "Every", "Hound"};

static uint8_t text[BATCH * SIZE], lower[BATCH * SIZE];
static int32_t offsets[BATCH + 1];
static int64_t counts[BATCH];

/* Row `i` of the texts that every language's measurement takes. */
static void make_row(size_t i, uint8_t *row) {
    size_t size = 0;
    for (size_t k = 0; size < SIZE; k++) {
        const char *word = WORDS[(i * 7 + k * 13) % 16];
        if (k > 0) row[size++] = ' ';
        for (; *word != 0 && size < SIZE; word++) row[size++] = (uint8_t)*word;
    }
}

static inline uint8_t is_space(uint8_t c) { return (uint8_t)((c == ' ') | ((uint8_t)(c - '\t') < 5)); }

/* As in conformance/step.c. */
static int64_t count_words(const uint8_t *row, size_t size) {
    int64_t words = size > 0 && !is_space(row[0]);
    for (size_t begin = 1; begin < size; begin += 255) {
        size_t end = size - begin < 255 ? size : begin + 255;
        uint8_t found = 0;
        for (size_t i = begin; i < end; i++) found = (uint8_t)(found + (is_space(row[i - 1]) & (is_space(row[i]) ^ 1)));
        words += found;
    }
    return words;
}

static void work(void) {
    for (size_t i = 0; i < sizeof text; i++) lower[i] = (uint8_t)(text[i] + ((uint8_t)(text[i] - 'A') < 26 ? 32 : 0));
    for (size_t row = 0; row < BATCH; row++)
        counts[row] = count_words(text + offsets[row], (size_t)(offsets[row + 1] - offsets[row]));
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(void) {
    double spent = 0;
    int64_t sum = 0;
    for (size_t i = 0; i <= BATCH; i++) offsets[i] = (int32_t)(i * SIZE);
    for (size_t batch = 0; batch < BATCHES; batch++) {
        for (size_t i = 0; i < BATCH; i++) make_row(batch * BATCH + i, text + i * SIZE);
        double begin = now();
        work();
        spent += now() - begin;
        for (size_t i = 0; i < BATCH; i++) sum += counts[i] + lower[i * SIZE + (size_t)counts[i]];
    }
    fprintf(stderr, "checksum %lld\n", (long long)sum);
    printf("%.0f rows/s\n", BATCH * BATCHES / spent);
    return 0;
}
