/*
 * sys/bpf_lib.h - what is used of libbpf.
 *
 * It is looked for when somebody records or watches, so that nothing else pays.
 */
#ifndef SYS_BPF_LIB_H
#define SYS_BPF_LIB_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* X(result, name, parameters) */
#define BPF_FUNCTIONS(X)                                                      \
	X(struct bpf_object *, bpf_object__open_mem,                          \
	  (const void *, size_t, const struct bpf_object_open_opts *))        \
	X(int, bpf_object__load, (struct bpf_object *))                       \
	X(void, bpf_object__close, (struct bpf_object *))                     \
	X(struct bpf_program *, bpf_object__find_program_by_name,             \
	  (const struct bpf_object *, const char *))                          \
	X(int, bpf_program__set_autoload, (struct bpf_program *, bool))       \
	X(int, bpf_program__fd, (const struct bpf_program *))                 \
	X(struct bpf_link *, bpf_program__attach,                             \
	  (const struct bpf_program *))                                       \
	X(struct bpf_link *, bpf_program__attach_uprobe_opts,                 \
	  (const struct bpf_program *, pid_t, const char *, size_t,           \
	   const struct bpf_uprobe_opts *))                                   \
	X(int, bpf_link__fd, (const struct bpf_link *))                       \
	X(int, bpf_link__destroy, (struct bpf_link *))                        \
	X(int, bpf_iter_create, (int))                                        \
	X(struct bpf_map *, bpf_object__find_map_by_name,                     \
	  (const struct bpf_object *, const char *))                          \
	X(int, bpf_map__set_max_entries, (struct bpf_map *, __u32))           \
	X(void *, bpf_map__initial_value, (struct bpf_map *, size_t *))       \
	X(int, bpf_map__fd, (const struct bpf_map *))                         \
	X(int, bpf_map_lookup_elem, (int, const void *, void *))              \
	X(int, bpf_map_update_elem, (int, const void *, const void *, __u64)) \
	X(int, bpf_map_delete_elem, (int, const void *))                      \
	X(int, bpf_map_get_next_key, (int, const void *, void *))             \
	X(int, bpf_map_lookup_batch,                                          \
	  (int, void *, void *, void *, void *, __u32 *,                      \
	   const struct bpf_map_batch_opts *))                                \
	X(int, bpf_obj_get_info_by_fd, (int, void *, __u32 *))                \
	X(int, libbpf_num_possible_cpus, (void))                              \
	X(libbpf_print_fn_t, libbpf_set_print, (libbpf_print_fn_t))           \
	X(struct ring_buffer *, ring_buffer__new,                             \
	  (int, ring_buffer_sample_fn, void *,                                \
	   const struct ring_buffer_opts *))                                  \
	X(int, ring_buffer__epoll_fd, (const struct ring_buffer *))           \
	X(int, ring_buffer__consume, (struct ring_buffer *))                  \
	X(void, ring_buffer__free, (struct ring_buffer *))

struct bpf_lib {
#define X(result, name, parameters) result(*name) parameters;
	BPF_FUNCTIONS(X)
#undef X
};

/* The functions, or NULL and the words to say why there are none. */
const struct bpf_lib *bpf_lib(const char **why);

#endif
