/* Random bytes for programs under a wine that has no bcryptprimitives.dll (before 9.0): Rust's standard library asks that one. */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE bytes, SIZE_T count) {
    return RtlGenRandom(bytes, (ULONG)count);
}
