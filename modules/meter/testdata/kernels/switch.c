/* An interpreter: a loop around a switch. */
#include "kernel.h"

enum { PUSH, ADD, MUL, XOR, SHR, DUP, SWAP, DROP, LOAD, STORE, JUMPNZ, DEC, HALT };
static const u8 program[] = {
    PUSH, 200, STORE, 0, PUSH, 7, STORE, 1,
    /* 8: */ LOAD, 1, DUP, PUSH, 13, MUL, LOAD, 0, ADD, XOR, PUSH, 3, SHR, LOAD, 1, ADD, STORE, 1,
    LOAD, 0, DEC, DUP, STORE, 0, JUMPNZ, 8, LOAD, 1, HALT,
};

static u32 execute(u32 start) {
    u32 stack[16], registers[4] = {0, start, 0, 0}, *top = stack;
    *top = start;
    for (const u8 *at = program;;) {
        switch (*at++) {
        case PUSH: *++top = *at++; break;
        case ADD: top--; *top += top[1]; break;
        case MUL: top--; *top *= top[1]; break;
        case XOR: top--; *top ^= top[1]; break;
        case SHR: top--; *top = top[0] ^ top[0] >> (top[1] & 31); break;
        case DUP: top++; *top = top[-1]; break;
        case SWAP: { u32 t = *top; *top = top[-1]; top[-1] = t; } break;
        case DROP: top--; break;
        case LOAD: *++top = registers[*at++ & 3]; break;
        case STORE: registers[*at++ & 3] = *top--; break;
        case JUMPNZ: { u32 to = *at++; if (*top--) at = program + to; } break;
        case DEC: --*top; break;
        default: return *top;
        }
    }
}

EXPORT(aisle_score)(u32 turns) {
    u32 digest = 0;
    for (u32 t = 0; t < turns; t++) digest = digest * 31 + execute(t);
    return digest;
}
