//! What a row group's footer entry and page index are made of, as bytes: a Parquet footer with that one row group.

use std::sync::Arc;

use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::page_index::PageIndexBuilder;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, PageIndexPolicy, ParquetMetaData, ParquetMetaDataOptions, ParquetMetaDataReader,
    ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescriptor;

/// What is known of a column, with its pages' places as they will be in the file, counted from the column's start.
///
/// The dictionary's page is made last and written first.
pub(super) fn in_order(column: &ColumnCloseResult) -> Result<ColumnCloseResult> {
    let column = column.clone();
    if column.metadata.dictionary_page_offset().is_none() {
        return Ok(column);
    }
    let pages = column.offset_index.as_ref().ok_or_else(|| general("a column has no offset index"))?;
    let pages: i64 = pages.page_locations().iter().map(|page| i64::from(page.compressed_page_size)).sum();
    let dictionary = usize::try_from(column.metadata.compressed_size() - pages);
    column.update_dictionary_location(dictionary.map_err(general)?)
}

/// Writes down a row group.
pub(super) fn write(schema: &SchemaDescriptor, rows: usize, columns: Vec<ColumnCloseResult>) -> Result<Vec<u8>> {
    let schema = Arc::new(SchemaDescriptor::new(schema.root_schema_ptr()));
    let mut index = PageIndexBuilder::new(1, columns.len());
    let mut group = RowGroupMetaData::builder(schema.clone()).set_num_rows(rows as i64);
    for (at, column) in columns.into_iter().enumerate() {
        if column.bloom_filter.is_some() {
            return Err(general("bloom filters are not written"));
        }
        group = group.add_column_metadata(column.metadata);
        column.column_index.into_iter().for_each(|pages| index.put_column_index(pages, 0, at));
        column.offset_index.into_iter().for_each(|pages| index.put_offset_index(pages, 0, at));
    }
    let file = FileMetaData::new(1, rows as i64, None, None, schema, None);
    let index = Arc::new(index.build());
    let about = ParquetMetaData::new(file, vec![group.build()?]).into_builder().set_page_index(Some(index)).build();
    let mut bytes = Vec::new();
    ParquetMetaDataWriter::new(&mut bytes, &about).finish()?;
    Ok(bytes)
}

/// The columns of the row group that [`write`] wrote down.
pub(super) fn read(about: &[u8]) -> Result<Vec<ColumnCloseResult>> {
    let options = ParquetMetaDataOptions::new().with_encoding_stats_as_mask(false);
    let reader = ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional);
    let about = reader.with_metadata_options(Some(options)).parse_and_finish(&Bytes::copy_from_slice(about))?;
    let group = about.row_groups().first().ok_or_else(|| general("no row group"))?;
    let index = about.page_index();
    let column = |(at, column): (usize, &ColumnChunkMetaData)| {
        Ok(ColumnCloseResult {
            bytes_written: column.compressed_size() as u64,
            rows_written: group.num_rows() as u64,
            metadata: with_old_bounds(column)?,
            bloom_filter: None,
            column_index: index.and_then(|index| index.column_index(0, at)).cloned(),
            offset_index: index.and_then(|index| index.offset_index(0, at)).cloned(),
        })
    };
    group.columns().iter().enumerate().map(column).collect()
}

/// The least and greatest values are written twice, the second time for old readers, where their order is the signed one.
/// Reading forgets that.
fn with_old_bounds(column: &ColumnChunkMetaData) -> Result<ColumnChunkMetaData> {
    let signed = column.column_descr().sort_order().is_signed();
    let Some(statistics) = column.statistics().cloned().filter(|_| signed) else { return Ok(column.clone()) };
    let statistics = match statistics {
        Statistics::Boolean(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::Int32(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::Int64(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::Int96(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::Float(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::Double(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::ByteArray(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
        Statistics::FixedLenByteArray(bounds) => bounds.with_backwards_compatible_min_max(true).into(),
    };
    column.clone().into_builder().set_statistics(statistics).build()
}

/// As text for a journal.
pub(super) fn pack(about: &[u8]) -> Result<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let packed = zstd::bulk::compress(about, zstd::DEFAULT_COMPRESSION_LEVEL)?;
    let digits = packed.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    Ok(digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect())
}

/// What [`pack`] made text of.
pub(super) fn unpack(text: &str) -> Result<Vec<u8>> {
    let digit = |digit: u8| char::from(digit).to_digit(16).ok_or_else(|| general("not hexadecimal"));
    let byte = |pair: &[u8; 2]| Ok((digit(pair[0])? << 4 | digit(pair[1])?) as u8);
    let (pairs, _) = text.as_bytes().as_chunks();
    let packed = pairs.iter().map(byte).collect::<Result<Vec<u8>>>()?;
    Ok(zstd::stream::decode_all(packed.as_slice())?)
}

fn general(message: impl ToString) -> ParquetError {
    ParquetError::General(message.to_string())
}
